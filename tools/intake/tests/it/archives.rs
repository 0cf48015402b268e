//! Archives: what is read of good ones, and the one thing that is told of a bad one.

use std::fs;
use std::io::{Cursor, Write};

use intake::Setting;

use crate::program::{names, read, record, refused, source};

pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("it works here");
        writer.write_all(bytes).expect("it works here");
    }
    writer.finish().expect("it works here").into_inner()
}

/// A file of a tar archive under any name, also one that the library would not write.
fn header(name: &[u8], kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

pub(crate) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        if name.len() > 100 {
            let mut header = header(b"x", tar::EntryType::Regular, bytes.len() as u64);
            builder.append_data(&mut header, name, *bytes).expect("it works here");
        } else {
            let header = header(name.as_bytes(), tar::EntryType::Regular, bytes.len() as u64);
            builder.append(&header, *bytes).expect("it works here");
        }
    }
    builder.into_inner().expect("it works here")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("it works here");
    encoder.finish().expect("it works here")
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 1).expect("it works here")
}

/// What is taken of a file, and what is told of it.
#[track_caller]
fn check(file: &str, bytes: &[u8], settings: &[(&str, Setting)], taken: &[&str], told: &[(&str, &str)]) {
    let folder = tempfile::tempdir().expect("it works here");
    let path = folder.path().join(file);
    fs::write(&path, bytes).expect("it works here");
    let reading = read(&source("osv", settings), &path).expect("it works here");
    assert_eq!(names(&reading), taken, "{file}");
    let found = refused(&reading);
    assert_eq!(found.len(), told.len(), "{file}: {found:?}");
    for ((delivery, rule, message), (expected, begins)) in found.into_iter().zip(told) {
        assert_eq!((delivery, rule), (*expected, "unreadable-report"), "{file}");
        assert!(message.starts_with(begins), "{file}: {message}");
    }
    let archive_is_bad = told.iter().any(|(delivery, _)| *delivery == file);
    assert_eq!(reading.is_whole, !archive_is_bad, "{file}");
}

#[test]
fn an_archive_is_read_like_a_folder() {
    let (a, b) = (record("X-1", "a"), record("X-2", "b"));
    let long = format!("{}c.json", "deep/".repeat(40));
    let files: [(&str, &[u8]); 6] = [
        ("a.json", a.as_bytes()),
        ("deep/b.json", b.as_bytes()),
        ("notes.txt", b"x"),
        (".hidden.json", b"x"),
        ("nested.zip", b"PK\x03\x04"),
        (&long, a.as_bytes()),
    ];
    let taken = ["a.json", "deep/b.json", long.as_str()];
    check("x.zip", &zip_of(&files), &[], &taken, &[]);
    let tar = tar_of(&files);
    for (file, bytes) in [
        ("x.tar", tar.clone()),
        ("x.tar.gz", gzip(&tar)),
        ("x.tgz", gzip(&tar)),
        ("x.tar.zst", zstd(&tar)),
        ("noname", gzip(&tar)),
    ] {
        check(file, &bytes, &[], &taken, &[]);
    }
    check("a.json.gz", &gzip(a.as_bytes()), &[], &["a.json"], &[]);
    let lines = format!("{a}\n{b}\n");
    check("a.jsonl.zst", &zstd(lines.as_bytes()), &[], &["a.jsonl:1", "a.jsonl:2"], &[]);
    let prefixes = [("prefixes", Setting::List(vec![Setting::Text("deep/b".into())]))];
    check("x.zip", &zip_of(&files), &prefixes, &["deep/b.json"], &[]);
}

#[test]
fn a_damaged_archive_is_told_once_and_what_came_before_counts() {
    let a = record("X-1", "a");
    // Bytes that do not pack, so that half of the archive is half of the files.
    let noise: Vec<u8> = (0..200_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let files: [(&str, &[u8]); 3] = [("a.json", a.as_bytes()), ("noise.bin", &noise), ("b.json", a.as_bytes())];
    let tar = tar_of(&files);
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    check("x.zip", &half(&zip_of(&files)), &[], &[], &[("x.zip", "the archive is damaged or cut off")]);
    for (file, bytes) in [("x.tar", half(&tar)), ("x.tar.gz", half(&gzip(&tar))), ("x.tar.zst", half(&zstd(&tar)))] {
        check(file, &bytes, &[], &["a.json"], &[(file, "the archive is damaged or cut off")]);
    }
    // Cut off within a document.
    let tar = tar_of(&files[..1]);
    check("x.tar", &tar[..550], &[], &[], &[("x.tar", "the archive is damaged or cut off")]);
    for file in ["x.zip", "x.tar", "x.tar.gz", "x.tar.zst", "x.json.gz"] {
        for bytes in [b"".as_slice(), b"{}", &[0xff; 600]] {
            check(file, bytes, &[], &[], &[(file, "the archive is damaged or cut off")]);
        }
    }
}

/// A zip archive may have several files of one name. None of them is taken for the one that was meant.
#[test]
fn files_of_one_name_in_a_zip_are_told() {
    let (a, b, c) = (record("X-1", "a"), record("X-2", "b"), record("X-3", "c"));
    let files = [("1.json", a.as_bytes()), ("2.json", b.as_bytes()), ("3.json", c.as_bytes())];
    let mut zip = zip_of(&files);
    // The library writes no name twice.
    let second: Vec<usize> = (0..zip.len() - 6).filter(|&at| zip[at..].starts_with(b"2.json")).collect();
    assert_eq!(second.len(), 2, "in front of the file, and in the directory");
    second.into_iter().for_each(|at| zip[at] = b'1');
    check("x.zip", &zip, &[], &["3.json"], &[("1.json", "the archive has several documents of this name")]);
}

#[test]
fn a_bomb_does_not_go_off() {
    let a = record("X-1", "a");
    let zeros = vec![0; 100 << 20];
    let large: [(&str, &[u8]); 2] = [("a.json", a.as_bytes()), ("large.json", &zeros[..9 << 20])];
    check("x.zip", &zip_of(&large), &[], &["a.json"], &[("large.json", "the document has 9437184 bytes")]);
    check("x.tar", &tar_of(&large), &[], &["a.json"], &[("large.json", "the document has 9437184 bytes")]);
    check("a.json.gz", &gzip(&zeros), &[], &[], &[("a.json", "the document has 8388609 bytes")]);
    let dense: [(&str, &[u8]); 2] = [("a.json", a.as_bytes()), ("zeros.bin", &zeros)];
    let packed = zstd(&tar_of(&dense));
    check("x.tar.zst", &packed, &[], &["a.json"], &[("x.tar.zst", "the archive becomes more than 400 times larger")]);
    let few = [("unpacked-max", Setting::Number(5_000))];
    check("x.tar.zst", &packed, &few, &["a.json"], &[("x.tar.zst", "the archive has more than 5000 bytes")]);
    let several: Vec<(String, Vec<u8>)> = (0..9).map(|n| (format!("{n}.json"), a.clone().into_bytes())).collect();
    let several: Vec<(&str, &[u8])> = several.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let few = [("unpacked-max", Setting::Number(400))];
    check("x.zip", &zip_of(&several), &few, &["0.json", "1.json"], &[("x.zip", "the archive has more than 400 bytes")]);
    let few = [("documents-max", Setting::Number(2))];
    check("x.zip", &zip_of(&several), &few, &[], &[("x.zip", "the archive holds more than 2 files")]);
    check("x.tar", &tar_of(&several), &few, &["0.json", "1.json"], &[("x.tar", "the archive holds more than 2 files")]);
}

#[test]
fn no_name_leads_out_of_an_archive() {
    let a = record("X-1", "a");
    let bad = ["../a.json", "/etc/a.json", "x/../../a.json", "x\\..\\a.json"];
    let files: Vec<(&str, &[u8])> =
        bad.iter().map(|name| (*name, a.as_bytes())).chain([("a.json", a.as_bytes())]).collect();
    let told = bad.map(|name| (name, "the name of the document leads out"));
    check("x.tar", &tar_of(&files), &[], &["a.json"], &told);
    check("x.zip", &zip_of(&files), &[], &["a.json"], &told);
    let mut builder = tar::Builder::new(Vec::new());
    let mut link = header(b"link.json", tar::EntryType::Symlink, 0);
    link.set_link_name("/etc/passwd").expect("it works here");
    link.set_cksum();
    builder.append(&link, [].as_slice()).expect("it works here");
    builder.append(&header(b"a.json", tar::EntryType::Regular, a.len() as u64), a.as_bytes()).expect("it works here");
    let tar = builder.into_inner().expect("it works here");
    check("x.tar", &tar, &[], &["a.json"], &[("link.json", "the document is no regular file")]);
    // The long name of a folder is not that of the file behind it.
    let mut builder = tar::Builder::new(Vec::new());
    let name = "folder/".repeat(40);
    builder
        .append(&header(b"l", tar::EntryType::GNULongName, name.len() as u64), name.as_bytes())
        .expect("it works here");
    builder.append(&header(b"f", tar::EntryType::Directory, 0), [].as_slice()).expect("it works here");
    builder.append(&header(b"a.json", tar::EntryType::Regular, a.len() as u64), a.as_bytes()).expect("it works here");
    check("x.tar", &builder.into_inner().expect("it works here"), &[], &["a.json"], &[]);
    // A name that claims to be longer than anything.
    let mut builder = tar::Builder::new(Vec::new());
    let name = vec![b'x'; 1 << 20];
    builder
        .append(&header(b"long", tar::EntryType::GNULongName, name.len() as u64), name.as_slice())
        .expect("it works here");
    let tar = builder.into_inner().expect("it works here");
    check("x.tar", &tar, &[], &[], &[("x.tar", "the archive is damaged or cut off: a name has 1048576 bytes")]);
}

#[test]
fn a_document_of_a_gigabyte_is_not_read() {
    let folder = tempfile::tempdir().expect("it works here");
    let put = |name: &str| {
        fs::File::create(folder.path().join(name)).expect("it works here").set_len(1 << 30).expect("it works here")
    };
    put("huge.json");
    fs::write(folder.path().join("a.json"), record("X-1", "a")).expect("it works here");
    let reading = read(&source("osv", &[]), folder.path()).expect("it works here");
    assert_eq!(names(&reading), ["a.json"]);
    assert_eq!(
        refused(&reading),
        [("huge.json", "unreadable-report", "the document has 1073741824 bytes; at most 8388608 are read")]
    );
    fs::remove_file(folder.path().join("huge.json")).expect("it works here");
    fs::remove_file(folder.path().join("a.json")).expect("it works here");
    put("huge.csv");
    fs::write(folder.path().join("a.csv"), "ecosystem,name,versions\nnpm,a,1\n").expect("it works here");
    let reading = read(&source("table", &[]), folder.path()).expect("it works here");
    assert_eq!(names(&reading), ["a.csv:2"]);
    let told = refused(&reading);
    assert!(told[0].2.starts_with("the table cannot be read on: a row has more than"), "{told:?}");
}

#[test]
fn an_archive_that_ends_between_two_files_is_cut() {
    let whole = tar_of(&[("a.json", record("X-1", "a").as_bytes()), ("b.json", record("X-2", "b").as_bytes())]);
    let second = whole.windows(6).rposition(|name| name == b"b.json").expect("it is there");
    let told: &[(&str, &str)] = &[("t.tar", "the archive is damaged")];
    check("t.tar", &whole, &[], &["a.json", "b.json"], &[]);
    check("t.tar", &whole[..second], &[], &["a.json"], told);
}

#[test]
fn what_packs_an_archive_says_at_its_end_whether_it_was_right() {
    let whole = tar_of(&[("a.json", record("X-1", "a").as_bytes())]);
    let told = |name: &'static str| -> [(&'static str, &'static str); 1] { [(name, "the archive is damaged")] };
    let mut gzip = gzip(&whole);
    check("t.tar.gz", &gzip, &[], &["a.json"], &[]);
    // The checksum of what was packed stands before its length.
    let at = gzip.len() - 8;
    gzip[at] ^= 1;
    check("t.tar.gz", &gzip, &[], &["a.json"], &told("t.tar.gz"));
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(&whole).unwrap();
    let mut zstd = encoder.finish().unwrap();
    check("t.tar.zst", &zstd, &[], &["a.json"], &[]);
    *zstd.last_mut().unwrap() ^= 1;
    check("t.tar.zst", &zstd, &[], &["a.json"], &told("t.tar.zst"));
}
