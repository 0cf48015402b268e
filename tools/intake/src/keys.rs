//! Every key of `[source.ID]`: the one list from which errors, help, the schema for editors and the document come.

/// One key of a declared source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key as it is written.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// What counts where it is not written, as people read it.
    pub default: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number from 0 up.
    Number,
    /// A list of texts.
    Texts,
    /// One of these words.
    Word(&'static [&'static str]),
    /// For each field of a table the column that has it, or a list of columns.
    Columns,
    /// For each field of a table the text that every row has.
    Values,
    /// For each field of a table what stands for what.
    Words,
}

impl Holds {
    /// The kind of value, as people read it.
    pub fn shown(self) -> String {
        match self {
            Holds::Text => "text".into(),
            Holds::Flag => "true or false".into(),
            Holds::Number => "number".into(),
            Holds::Texts => "list of texts".into(),
            Holds::Word(words) => words.join(" | "),
            Holds::Columns => "table: field = column, or list of columns".into(),
            Holds::Values => "table: field = text".into(),
            Holds::Words => "table: field = { their word = our word }".into(),
        }
    }
}

/// The formats that are known.
pub const FORMATS: [&str; 7] =
    ["osv", "ghsa", "ossf-tree", "package-analysis", "safe-chain", "datadog-manifest", "table"];

/// Every key of a source.
pub const KEYS: &[Key] = &[
    Key { name: "format", holds: Holds::Word(&FORMATS), default: "must be said", meaning: "what is sent" },
    Key {
        name: "from",
        holds: Holds::Text,
        default: "nothing",
        meaning: "where it lies, where no input is named: a folder, file, archive or git repository (`git+https://…`, or a path), seen from the folder of `malpkg.toml`; `https://…`; a bucket (`s3://…`, `gs://…`, `az://…`)",
    },
    Key {
        name: "branch",
        holds: Holds::Text,
        default: "the repository's own",
        meaning: "the branch that is read, of a git repository",
    },
    Key {
        name: "prefixes",
        holds: Holds::Texts,
        default: "[\"\"]",
        meaning: "only documents whose name inside the place begins with one of these are read",
    },
    Key {
        name: "ecosystems",
        holds: Holds::Texts,
        default: "all",
        meaning: "only packages of these ecosystems are taken",
    },
    Key {
        name: "names",
        holds: Holds::Texts,
        default: "all",
        meaning: "only packages whose name fits one of these patterns are taken (`*` stands for anything, a leading `!` excludes)",
    },
    Key {
        name: "drop-aliases",
        holds: Holds::Texts,
        default: "none",
        meaning: "aliases that fit one of these patterns are left out",
    },
    Key {
        name: "drop-related",
        holds: Holds::Texts,
        default: "none",
        meaning: "related ids that fit one of these patterns are left out",
    },
    Key {
        name: "own-ids",
        holds: Holds::Word(&["alias", "keep", "drop"]),
        default: "alias; keep for ossf-tree; drop where they are made of the package",
        meaning: "the source's own ids become aliases, are kept as the reports' ids where they have our prefix (else aliases), or are left out",
    },
    Key {
        name: "id-prefixes",
        holds: Holds::Texts,
        default: "any",
        meaning: "an id of the source begins with one of these; what claims another is rejected",
    },
    Key {
        name: "several-affected",
        holds: Holds::Word(&["split", "reject"]),
        default: "split",
        meaning: "a record on several packages becomes one delivery a package, or is rejected",
    },
    Key {
        name: "complete",
        holds: Holds::Flag,
        default: "false; true for safe-chain and datadog-manifest",
        meaning: "what is sent is everything: what it no longer names is withdrawn",
    },
    Key {
        name: "trust",
        holds: Holds::Word(&["confirmed", "likely", "claimed"]),
        default: "claimed",
        meaning: "how well founded its findings are known to be; shown beside the source",
    },
    Key {
        name: "licence",
        holds: Holds::Text,
        default: "nothing",
        meaning: "the licence of what it sends, as SPDX names it; shown beside the source",
    },
    Key {
        name: "paused",
        holds: Holds::Text,
        default: "nothing",
        meaning: "why nothing is read from it for now; `malpkg source pause` and `resume` write it",
    },
    Key {
        name: "delimiter",
        holds: Holds::Text,
        default: "a tab for .tsv, else a comma",
        meaning: "the character between the columns of a table",
    },
    Key {
        name: "columns",
        holds: Holds::Columns,
        default: "each field from the column of its name",
        meaning: "which column of a table holds which field",
    },
    Key {
        name: "values",
        holds: Holds::Values,
        default: "none",
        meaning: "what a field holds in each row whose own column is empty or missing",
    },
    Key {
        name: "words",
        holds: Holds::Words,
        default: "none",
        meaning: "what the table's own words mean in ours, field by field",
    },
    Key {
        name: "documents-max",
        holds: Holds::Number,
        default: "1000000",
        meaning: "how many documents an archive may hold",
    },
    Key {
        name: "unpacked-max",
        holds: Holds::Number,
        default: "8589934592",
        meaning: "how many bytes of an archive are unpacked",
    },
    Key {
        name: "lookback",
        holds: Holds::Text,
        default: "1000",
        meaning: "how far before the end of a bucket the next listing begins: so many objects, or those changed within a time (`12h`, `7d`)",
    },
    Key {
        name: "endpoint",
        holds: Holds::Text,
        default: "the provider's own",
        meaning: "the address of the server that has the bucket, where it is another one",
    },
    Key {
        name: "region",
        holds: Holds::Text,
        default: "AWS_REGION, else us-east-1",
        meaning: "the region of an S3 bucket",
    },
    Key {
        name: "account",
        holds: Holds::Text,
        default: "AZURE_STORAGE_ACCOUNT_NAME",
        meaning: "the storage account that an Azure container is in",
    },
    Key {
        name: "retries",
        holds: Holds::Number,
        default: "4",
        meaning: "how often a server is asked again that does not answer, or stops in the middle",
    },
    Key {
        name: "seconds-max",
        holds: Holds::Number,
        default: "3600",
        meaning: "how long one reading over the network may take",
    },
    Key {
        name: "download-max",
        holds: Holds::Number,
        default: "4294967296",
        meaning: "how many bytes one file over the network may have",
    },
    Key {
        name: "quarantine-documents",
        holds: Holds::Number,
        default: "1000",
        meaning: "how many documents of this source are kept in quarantine",
    },
    Key {
        name: "quarantine-bytes",
        holds: Holds::Number,
        default: "16777216",
        meaning: "how many bytes of this source are kept in quarantine, all documents together",
    },
];

/// The key of a name.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
