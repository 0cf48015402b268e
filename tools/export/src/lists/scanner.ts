// A security scanner for Bun: asks the server in MALPKG_URL about every package before it is installed.
// In bunfig.toml:
//
//   [install.security]
//   scanner = "./scanner.ts"
//
// Nothing is installed that the server was not asked about: without MALPKG_URL, without an answer, or with one that is
// not whole, the installation ends.

type Package = { name: string; version: string };
type Advisory = { level: "fatal"; package: string; url: string | null; description: string | null };
type Query = { package: { name: string; ecosystem: "npm" }; version: string; page_token?: string };
type Result = { vulns?: { id: string }[]; next_page_token?: string };

const AT_ONCE = 1000;
const PAGES_MAX = 1000;

function server(): string {
  const url = process.env.MALPKG_URL;
  if (!url) throw new Error("malpkg: set MALPKG_URL to the address of a server, for example http://127.0.0.1:8080");
  return url.replace(/\/+$/, "");
}

async function ask(queries: Query[]): Promise<Result[]> {
  const response = await fetch(`${server()}/v1/querybatch`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ queries }),
  });
  if (!response.ok) throw new Error(`malpkg: ${server()} answered with status ${response.status}`);
  const results = ((await response.json()) as { results?: Result[] }).results;
  if (!Array.isArray(results) || results.length !== queries.length) {
    throw new Error(`malpkg: ${server()} did not answer every question`);
  }
  return results;
}

/** The ids of what stands against each package. */
async function reports(packages: Package[]): Promise<Set<string>[]> {
  const found = packages.map(() => new Set<string>());
  let open = packages.map(({ name, version }, at) => {
    const query: Query = { package: { name, ecosystem: "npm" }, version };
    return { at, query };
  });
  for (let page = 0; open.length > 0; page++) {
    if (page === PAGES_MAX) throw new Error(`malpkg: ${server()} has no end of answers`);
    const next: typeof open = [];
    for (let from = 0; from < open.length; from += AT_ONCE) {
      const some = open.slice(from, from + AT_ONCE);
      const results = await ask(some.map(({ query }) => query));
      results.forEach((result, index) => {
        const { at, query } = some[index];
        for (const { id } of result.vulns ?? []) {
          // Servers with other reports than ours have ids of other kinds too.
          if (id.startsWith("MAL-")) found[at].add(id);
        }
        if (result.next_page_token) next.push({ at, query: { ...query, page_token: result.next_page_token } });
      });
    }
    open = next;
  }
  return found;
}

export const scanner = {
  version: "1" as const,
  async scan({ packages }: { packages: Package[] }): Promise<Advisory[]> {
    const found = await reports(packages);
    return packages.flatMap(({ name, version }, at) => {
      const ids = [...found[at]].sort();
      if (ids.length === 0) return [];
      const description = `${name}@${version} is malicious: ${ids.join(", ")}`;
      return [{ level: "fatal" as const, package: name, url: `${server()}/v1/vulns/${ids[0]}`, description }];
    });
  },
};
