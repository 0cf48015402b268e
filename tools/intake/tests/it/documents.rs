//! Documents as they are sent in each format, made up after what the real ones look like.

/// An answer of GitHub's GraphQL interface.
pub(crate) const GRAPHQL: &str = r#"{"data": {"securityAdvisories": {"totalCount": 3, "pageInfo": {"hasNextPage": false, "endCursor": "Y3Vyc29yOnYyOpHOAA"},
  "nodes": [
   {"ghsaId": "GHSA-2222-3333-4444", "classification": "MALWARE", "severity": "CRITICAL", "summary": "Malware in left-padd",
    "description": "Any computer that has this package installed or running should be considered fully compromised.\r\n\r\nRotate keys.",
    "identifiers": [{"type": "GHSA", "value": "GHSA-2222-3333-4444"}, {"type": "CVE", "value": "CVE-2026-1234"}],
    "references": [{"url": "https://github.com/advisories/GHSA-2222-3333-4444"}, {"url": "https://blog.example/left-padd"}],
    "publishedAt": "2026-01-02T03:04:05Z", "updatedAt": "2026-01-03T00:00:00Z", "withdrawnAt": null,
    "cwes": {"nodes": [{"cweId": "CWE-506", "name": "Embedded Malicious Code"}]},
    "vulnerabilities": {"nodes": [
      {"package": {"ecosystem": "NPM", "name": "left-padd"}, "vulnerableVersionRange": "= 1.0.1", "firstPatchedVersion": null},
      {"package": {"ecosystem": "NPM", "name": "left-padd"}, "vulnerableVersionRange": "= 1.0.2", "firstPatchedVersion": {"identifier": "1.0.3"}},
      {"package": {"ecosystem": "PIP", "name": "Left_Padd"}, "vulnerableVersionRange": "> 0", "firstPatchedVersion": null}]}},
   {"ghsaId": "GHSA-5555-6666-7777", "classification": "GENERAL", "summary": "An ordinary bug", "updatedAt": "2026-01-03T00:00:00Z",
    "identifiers": [], "references": [], "vulnerabilities": {"nodes": []}},
   {"ghsaId": "GHSA-8888-9999-xxxx", "classification": "MALWARE", "summary": "Malware in @scope/thing", "description": "",
    "identifiers": [{"type": "GHSA", "value": "GHSA-8888-9999-xxxx"}], "references": [],
    "publishedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-02-01T00:00:00Z", "withdrawnAt": "2026-02-01T00:00:00Z",
    "vulnerabilities": {"nodes": [
      {"package": {"ecosystem": "NPM", "name": "@scope/thing"}, "vulnerableVersionRange": "> 1.2.3, <= 2.0.0", "firstPatchedVersion": null}]}}]}}}"#;

/// A page of GitHub's REST interface.
pub(crate) const REST: &str = r#"[
 {"ghsa_id": "GHSA-2222-3333-4444", "cve_id": null, "url": "https://api.github.com/advisories/GHSA-2222-3333-4444",
  "html_url": "https://github.com/advisories/GHSA-2222-3333-4444", "summary": "Malware in rack-proxxy", "description": "It is malware.",
  "type": "malware", "severity": "critical", "repository_advisory_url": null, "source_code_location": "",
  "identifiers": [{"value": "GHSA-2222-3333-4444", "type": "GHSA"}], "references": ["https://github.com/advisories/GHSA-2222-3333-4444"],
  "published_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:06Z", "github_reviewed_at": "2026-01-02T03:04:05Z",
  "nvd_published_at": null, "withdrawn_at": null,
  "vulnerabilities": [{"package": {"ecosystem": "rubygems", "name": "rack-proxxy"}, "vulnerable_version_range": ">= 0",
    "first_patched_version": null, "vulnerable_functions": []},
   {"package": {"ecosystem": "rust", "name": "serd-e"}, "vulnerable_version_range": ">= 1.0.0, < 1.1.0", "first_patched_version": "1.1.0",
    "vulnerable_functions": []}],
  "cvss": {"vector_string": null, "score": null}, "cwes": [{"cwe_id": "CWE-506", "name": "Embedded Malicious Code"}],
  "credits": [{"user": {"login": "finder", "id": 1}, "type": "analyst"}]}]"#;

/// A list of Safe Chain's.
pub(crate) const SAFE_CHAIN: &str = r#"[
 {"package_name": "@scope/thing", "version": "1.0.1", "reason": "MALWARE"},
 {"package_name": "left-padd", "version": "2.0.0", "reason": "MALWARE"},
 {"package_name": "left-padd", "version": "1.0.0", "reason": "Malware"},
 {"package_name": "talkative", "version": "3.0.0", "reason": "TELEMETRY"},
 {"package_name": "peace", "version": "9.2.2", "reason": "PROTESTWARE"},
 {"package_name": "all-bad", "version": "1.0.0", "reason": "MALWARE"},
 {"package_name": "all-bad", "version": "*", "reason": "MALWARE"}]"#;

/// A manifest of Datadog's.
pub(crate) const DATADOG: &str = r#"{
    "@scope/thing": ["1.0.1", "1.0.2"],
    "all-bad": null,
    "left-padd": ["1.0.0"]
}"#;
