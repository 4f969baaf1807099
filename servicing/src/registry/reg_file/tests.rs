//! Each rule of the syntax, as Windows keeps it by Wine's conformance tests
//! (`programs/reg/tests/import.c`).

use super::*;

const KEY: &str = "[HKEY_CURRENT_USER\\Software\\Test]";

fn parse(text: &str) -> Result<RegFile, RegFileError> {
    RegFile::parse(text.as_bytes(), &RegFileOptions::default())
}

/// What a file with one key says of its values: name, type, bytes.
fn values(header: &str, body: &str) -> Result<Vec<(String, Option<RegData>)>, RegFileError> {
    let file = parse(&format!("{header}\n\n{KEY}\n{body}"))?;
    assert_eq!(file.sections.len(), 1, "{body}");
    let values = file.sections.into_iter().flat_map(|section| section.values);
    Ok(values
        .map(|value| (value.name.to_string(), value.data))
        .collect())
}

fn one(header: &str, body: &str) -> Result<Option<RegData>, RegFileRule> {
    match values(header, body) {
        Ok(mut values) => {
            assert_eq!(values.len(), 1, "{body}");
            let (name, data) = values.remove(0);
            assert_eq!(name, "v", "{body}");
            Ok(data)
        }
        Err(error) => Err(error.rule),
    }
}

const V4: &str = "REGEDIT4";
const V5: &str = "Windows Registry Editor Version 5.00";

fn raw(kind: u32, bytes: &[u8]) -> RegData {
    RegData {
        kind,
        bytes: bytes.to_vec(),
    }
}

#[test]
fn the_first_line_decides() {
    for header in [
        V4,
        V5,
        " \tREGEDIT4 ",
        "\tWindows Registry Editor Version 5.00",
    ] {
        assert!(parse(&format!("{header}\n")).is_ok(), "{header}");
        assert!(parse(header).is_ok(), "{header} without a line end");
    }
    for header in [
        "",
        "regedit4",
        "REGEDIT3",
        "REGEDIT 4",
        "REGEDIT4 FOO",
        "REGEDIT4FOO",
        "\nREGEDIT4",
        "AREGEDIT4",
        "Windows Registry Editor Version 4.00",
        "Windows Registry Editor Version 5",
        "WINDOWS REGISTRY EDITOR VERSION 5.00",
        "Windows Registry Editor version 5.00",
    ] {
        let error = parse(&format!("{header}\n{KEY}\n")).unwrap_err();
        assert_eq!(error.line, 1, "{header}");
        assert!(
            matches!(error.rule, RegFileRule::Header { .. }),
            "{header}: {error}"
        );
    }
    assert_eq!(
        parse("REGEDIT\nx").unwrap_err().rule,
        RegFileRule::Windows31
    );
}

#[test]
fn data_of_each_kind_is_read() {
    let sz = |text| Ok(Some(RegData::sz(text)));
    for (line, data) in [
        ("\"v\"=\"text\"", sz("text")),
        ("\"v\"=\"\"", sz("")),
        ("  \"v\" \t=  \"text\"  ", sz("text")),
        ("\"v\"=\"a\\\\b \\\"c\\\"\"", sz("a\\b \"c\"")),
        ("\"v\"=\"\\\\0\"", sz("\\0")),
        ("\"v\"=\"one/two ;three #four\"", sz("one/two ;three #four")),
        ("\"v\"=\"x\";comment", sz("x")),
        ("\"v\"=\"x\"\t\t;comment", sz("x")),
        ("\"v\"=dword:00000017", Ok(Some(RegData::dword(0x17)))),
        ("\"v\"=dword:1", Ok(Some(RegData::dword(1)))),
        ("\"v\"=dword: 4444 ;5678", Ok(Some(RegData::dword(0x4444)))),
        ("\"v\"=dword:1234;5678", Ok(Some(RegData::dword(0x1234)))),
        (
            "\"v\"=hex:aa,bB,CC,1",
            Ok(Some(raw(3, &[0xAA, 0xBB, 0xCC, 1]))),
        ),
        ("\"v\"=hex:", Ok(Some(raw(3, &[])))),
        ("\"v\"=hex(1):", Ok(Some(raw(1, &[])))),
        ("\"v\"=hex(4):", Ok(Some(raw(4, &[])))),
        ("\"v\"=hex(0):56,00", Ok(Some(raw(0, &[0x56, 0])))),
        (
            "\"v\"=hex(b):1,2,3,4,5,6,7,8",
            Ok(Some(raw(11, &[1, 2, 3, 4, 5, 6, 7, 8]))),
        ),
        (
            "\"v\"=hex(7fffffff):56",
            Ok(Some(raw(0x7FFF_FFFF, &[0x56]))),
        ),
        (
            "\"v\"=hex(ffff0012):56",
            Ok(Some(raw(0xFFFF_0012, &[0x56]))),
        ),
        ("\"v\"=hex(ffffffff):56", Ok(Some(raw(u32::MAX, &[0x56])))),
        ("\"v\"=hex(2):25,50,00,", Ok(Some(raw(2, &[0x25, 0x50, 0])))),
        (
            "\"v\"=hex: 25 , 50 \t;comment",
            Ok(Some(raw(3, &[0x25, 0x50]))),
        ),
        ("\"v\"=-", Ok(None)),
        ("\"v\"=  \t-\t  ", Ok(None)),
        ("\"v\"=- ;comment", Ok(None)),
    ] {
        assert_eq!(one(V5, line), data, "{line}");
    }
    let named = |body| values(V5, body).unwrap().remove(0).0;
    for (line, name) in [
        ("@=\"x\"", ""),
        ("@ = -", ""),
        ("\"\"=\"x\"", ""),
        ("\"With=Equals\"=\"x\"", "With=Equals"),
        ("\"double\\\"quote\"=\"x\"", "double\"quote"),
        ("\"123/\\\"4;'5\"=\"x\"", "123/\"4;'5"),
        ("\"\\\\foo\\\\bar\"=\"x\"", "\\foo\\bar"),
    ] {
        assert_eq!(named(line), name, "{line}");
    }
}

#[test]
fn hexadecimal_data_goes_on_behind_a_comma_and_a_backslash() {
    let line = Ok(Some(raw(3, &[0x4C, 0x69, 0x6E])));
    for body in [
        "\"v\"=hex:4c,\\\n  69,6e",
        "\"v\"=hex:4c,  \\\n  69,6e",
        "\"v\"=hex:4c,\\\t ;comment\n  69,6e",
        "\"v\"=hex:4c,\\\n ;comment\n 69,6e",
        "\"v\"=hex:4c,\\\n\n\t \n 69,\\\n\n6e",
        "\"v\"=hex:\\\n  4c,69,6e",
        "\"v\"=hex:4c,69,6e,\\",
        "\"v\"=hex:4c,69,6e,\\\n;comment\n",
    ] {
        assert_eq!(one(V5, body), line, "{body}");
    }
    for (body, at) in [
        // Windows drops these values; here they are named.
        ("\"v\"=hex:4c\\\n,69", 4),
        ("\"v\"=hex:4c\\\n  69", 4),
        ("\"v\"=hex:4\\\nc,69", 4),
        ("\"v\"=hex:4c,\\\n  #comment\n  69", 4),
        ("\"v\"=hex:4c,\\#comment\n  69", 4),
        ("\"v\"=hex:4c,\\\\\n  69", 4),
        ("\"v\"=hex:,\\\n  69", 4),
        ("\"v\"=hex:4c,,69", 4),
        ("\"v\"=hex:4c,\\\n  \\\n  69", 4),
        ("\"v\"=hex:4c,\\\n\"w\"=\"x\"", 4),
        ("\"v\"=hex:4c,100", 4),
        ("\"v\"=hex:4c,\\69", 4),
        ("\"v\"=hex:4c #comment", 4),
        ("\"v\"=hex:4c,/\n  69", 4),
        // Windows takes what stands before, and nobody sees that the rest is
        // lost; here the line of the rest is an error.
        ("\"v\"=hex:4c,\n  69", 5),
        ("\"v\"=hex:4c,;comment\n  69", 5),
    ] {
        let error = values(V5, body).unwrap_err();
        assert_eq!(error.line, at, "{body}: {error}");
    }
}

#[test]
fn text_in_hexadecimal_is_ansi_in_regedit4_and_utf16_in_version_5() {
    let wide = "%P".encode_utf16().flat_map(u16::to_le_bytes);
    let wide: Vec<u8> = wide.chain([0, 0]).collect();
    for kind in [1, 2, 7] {
        let narrow = format!("\"v\"=hex({kind:x}):25,50,00");
        assert_eq!(one(V4, &narrow), Ok(Some(raw(kind, &wide))), "{narrow}");
        let said = format!("\"v\"=hex({kind:x}):25,00,50,00,00,00");
        assert_eq!(one(V5, &said), Ok(Some(raw(kind, &wide))), "{said}");
    }
    // All other data is bytes in both.
    for body in [
        "\"v\"=hex:25,50",
        "\"v\"=hex(0):25,50",
        "\"v\"=hex(b):25,50",
    ] {
        assert_eq!(one(V4, body), one(V5, body), "{body}");
    }
    let options = RegFileOptions {
        ansi: CodePage::by_number("1251").unwrap(),
        ..RegFileOptions::default()
    };
    let text = format!("{V4}\n{KEY}\n\"v\"=hex(2):e4,00\n\"w\"=\"\u{E4}\"\n");
    let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let file = RegFile::parse(&bytes, &options).unwrap();
    let [v, w] = file.sections[0].values.as_slice() else {
        panic!("{file:?}");
    };
    assert_eq!(v.data, Some(RegData::expand_sz("д")));
    assert_eq!(w.data, Some(RegData::sz("д")));
}

#[test]
fn text_may_run_over_lines() {
    let text = format!("{V5}\r\n{KEY}\r\n\"v\"=\"SELECT\r\n  x\\\\\r\n\" ; done\r\n\"w\"=-\r\n");
    let file = parse(&text).unwrap();
    let [v, w] = file.sections[0].values.as_slice() else {
        panic!("{file:?}");
    };
    assert_eq!(v.data, Some(RegData::sz("SELECT\r\n  x\\\r\n")));
    assert_eq!((v.line, w.line), (3, 6));
}

#[test]
fn what_regedit_skips_in_silence_is_an_error_with_its_rule() {
    use RegFileRule as R;
    let found = |text: &str| text.to_owned();
    for (body, rule) in [
        ("\"v\"=", R::DataType { found: found("") }),
        (
            "\"v\"=x\"",
            R::DataType {
                found: found("x\""),
            },
        ),
        (
            "\"v\"=#\"x\"",
            R::DataType {
                found: found("#\"x\""),
            },
        ),
        (
            "\"v\"=;\"x\"",
            R::DataType {
                found: found(";\"x\""),
            },
        ),
        (
            "\"v\"=\\\"x\"",
            R::DataType {
                found: found("\\\"x\""),
            },
        ),
        (
            "\"v\"=qword:1",
            R::DataType {
                found: found("qword:1"),
            },
        ),
        (
            "\"v\"=\"x\"y\"",
            R::Tail {
                found: found("y\""),
            },
        ),
        ("\"v\"=\"x\" #c", R::Tail { found: found("#c") }),
        (
            "\"v\"=-\"x\"",
            R::Tail {
                found: found("\"x\""),
            },
        ),
        ("\"v\"=dword:1 #c", R::Tail { found: found("#c") }),
        (
            "\"v\"=dword:123 456",
            R::Tail {
                found: found("456"),
            },
        ),
        (
            "\"v\"=dword:0x123",
            R::Tail {
                found: found("x123"),
            },
        ),
        ("\"v\"=dword:", R::Dword { found: found("") }),
        (
            "\"v\"=dword:hello",
            R::Dword {
                found: found("hello"),
            },
        ),
        (
            "\"v\"=dword:000000001",
            R::Dword {
                found: found("000000001"),
            },
        ),
        (
            "\"v\"=hex(100000000):5",
            R::HexType {
                found: found("100000000):5"),
            },
        ),
        (
            "\"v\"=hex(0x2):5",
            R::HexType {
                found: found("0x2):5"),
            },
        ),
        (
            "\"v\"=hex(x2):5",
            R::HexType {
                found: found("x2):5"),
            },
        ),
        (
            "\"v\"=hex(2:5",
            R::HexType {
                found: found("2:5"),
            },
        ),
        ("\"v\"=\"\\0\"", R::Escape { found: found("0") }),
        ("\"v\"=\"C:\\new\"", R::Escape { found: found("n") }),
        ("\"v\"=\"a \\\nb\"", R::Escape { found: found("") }),
        ("\"v\"=\"x", R::TextNotClosed),
        (
            "\"v=\"x\"",
            R::NoEquals {
                found: found("x\""),
            },
        ),
        ("\"v", R::NameNotClosed),
        ("\"a\\\\\nb\"=\"x\"", R::NameNotClosed),
        (
            "v\"=\"x\"",
            R::NotALine {
                found: found("v\"=\"x\""),
            },
        ),
        (
            "v=\"x\"",
            R::NotALine {
                found: found("v=\"x\""),
            },
        ),
    ] {
        assert_eq!(one(V4, body), Err(rule), "{body}");
    }
    for (line, rule) in [
        ("[HKEY_CURRENT_USER\\a", R::KeyNotClosed),
        ("[ HKEY_CURRENT_USER\\a]", R::KeyBlank),
        ("[-\tHKEY_CURRENT_USER\\a]", R::KeyBlank),
        ("[]", R::KeyEmptyName { found: found("") }),
        (
            "[a\\\\b]",
            R::KeyEmptyName {
                found: found("a\\\\b"),
            },
        ),
        ("[a] b", R::KeyTail { found: found("b") }),
        ("[a] ; see [b]", R::KeyComment),
        (
            "HKEY_CURRENT_USER\\a]",
            R::NotALine {
                found: found("HKEY_CURRENT_USER\\a]"),
            },
        ),
        ("@=\"x\"", R::NoKey),
        ("[-a]\n@=\"x\"", R::NoKey),
    ] {
        let error = parse(&format!("{V4}\n{line}\n")).unwrap_err();
        assert_eq!(error.rule, rule, "{line}");
    }
}

#[test]
fn keys_are_taken_as_written_without_backslashes_at_their_end() {
    let text = format!(
        "{V4}\n; c\n[a\\b]x]\n#c\n\n[a \t]\n[a\\b\\\\] ; c\n[-a\\-b]\n  [c];[d] c\n[https://x]"
    );
    let file = parse(&text).unwrap();
    let keys: Vec<(u32, String, bool)> = file
        .sections
        .iter()
        .map(|section| (section.line, section.key.to_string(), section.delete))
        .collect();
    let expected = [
        (3, "a\\b]x", false),
        (6, "a \t", false),
        (7, "a\\b", false),
        (8, "a\\-b", true),
        (9, "c", false),
        (10, "https://x", false),
    ];
    assert_eq!(
        keys,
        expected.map(|(line, key, delete)| (line, key.to_owned(), delete))
    );
}

#[test]
fn a_control_z_may_end_the_file() {
    for end in ["\u{1A}", "\u{1A}\u{1A}\r\n\0"] {
        assert!(parse(&format!("{V4}\r\n{KEY}\r\n{end}")).is_ok(), "{end:?}");
    }
    let inside = format!("{V4}\n\u{1A}{KEY}\n");
    assert!(parse(&inside).is_err());
}

#[test]
fn bad_lines_are_skipped_where_asked_for_and_named() {
    let text = format!(
        "{V4}\n{KEY}\n\"a\"=\"1\"\ngarbage\n\"b\"=\"not closed\n\"c\"=dword:zz\n\"d\"=\"4\"\n[ bad]\n\
         \"e\"=\"5\"\n"
    );
    let options = RegFileOptions {
        skip_bad_lines: true,
        ..RegFileOptions::default()
    };
    let file = RegFile::parse(text.as_bytes(), &options).unwrap();
    let names: Vec<String> = file.sections[0]
        .values
        .iter()
        .map(|value| value.name.to_string())
        .collect();
    assert_eq!(names, ["a", "d"]);
    let lines: Vec<u32> = file.skipped.iter().map(|error| error.line).collect();
    assert_eq!(lines, [4, 5, 6, 8, 9], "{:?}", file.skipped);
    assert_eq!(parse(&text).unwrap_err().line, 4);
}

fn section(key: &str, values: Vec<(&str, Option<RegData>)>) -> RegSection {
    let values = values.into_iter().map(|(name, data)| RegValue {
        line: 0,
        name: Text::from(name),
        data,
    });
    RegSection {
        line: 0,
        key: Text::from(key),
        delete: false,
        values: values.collect(),
    }
}

#[test]
fn the_writer_writes_as_regedit_does() {
    // The lines of an export of Windows 10 that many repositories hold.
    let dump = RegData::expand_sz("%SystemRoot%\\MEMORY.DMP");
    let command = RegData::expand_sz("%SystemRoot%\\System32\\x.exe");
    let mut gone = section("HKEY_LOCAL_MACHINE\\Gone", vec![]);
    gone.delete = true;
    let sections = [
        section(
            "HKEY_LOCAL_MACHINE\\K",
            vec![
                ("", Some(command)),
                ("A\"b\\c", Some(RegData::sz("C:\\\"x\""))),
                ("Auto", Some(RegData::dword(1))),
                ("DumpFile", Some(dump)),
                ("Empty", Some(raw(3, &[]))),
                ("Lines", Some(RegData::sz("a\r\nb"))),
                ("Odd", Some(raw(4, &[1]))),
                ("Old", None),
                ("Unended", Some(raw(1, b"a\0"))),
            ],
        ),
        gone,
    ];
    let written = write_reg_file(&sections, RegFileFormat::Version5Utf8);
    assert_eq!(written.omitted, []);
    let text = String::from_utf8(written.bytes).unwrap();
    let expected = "\u{FEFF}Windows Registry Editor Version 5.00\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\K]\r\n\
        @=hex(2):25,00,53,00,79,00,73,00,74,00,65,00,6d,00,52,00,6f,00,6f,00,74,00,25,\\\r\n  \
        00,5c,00,53,00,79,00,73,00,74,00,65,00,6d,00,33,00,32,00,5c,00,78,00,2e,00,\\\r\n  \
        65,00,78,00,65,00,00,00\r\n\
        \"A\\\"b\\\\c\"=\"C:\\\\\\\"x\\\"\"\r\n\
        \"Auto\"=dword:00000001\r\n\
        \"DumpFile\"=hex(2):25,00,53,00,79,00,73,00,74,00,65,00,6d,00,52,00,6f,00,6f,00,\\\r\n  \
        74,00,25,00,5c,00,4d,00,45,00,4d,00,4f,00,52,00,59,00,2e,00,44,00,4d,00,50,\\\r\n  \
        00,00,00\r\n\
        \"Empty\"=hex:\r\n\
        \"Lines\"=hex(1):61,00,0d,00,0a,00,62,00,00,00\r\n\
        \"Odd\"=hex(4):01\r\n\
        \"Old\"=-\r\n\
        \"Unended\"=hex(1):61,00\r\n\r\n\
        [-HKEY_LOCAL_MACHINE\\Gone]\r\n\r\n";
    assert_eq!(text, expected);
}

#[test]
fn what_is_written_is_read_back_in_every_format() {
    let page = CodePage::by_number("1251").unwrap();
    let lone = Text::from_units(&[0x61, 0xD800]);
    let mut odd = section(
        "HKEY_LOCAL_MACHINE\\]odd[",
        vec![("д", Some(RegData::sz("д\u{1}")))],
    );
    odd.values.push(RegValue {
        line: 0,
        name: lone.clone(),
        data: Some(raw(1, &[0, 0xD8, 0, 0])),
    });
    let sections = [
        section("HKEY_LOCAL_MACHINE\\K", vec![]),
        section(
            "HKEY_LOCAL_MACHINE\\K\\д",
            vec![
                ("", Some(RegData::sz(""))),
                ("=;\"\\", Some(RegData::multi_sz(&["д", "b"]))),
                ("x", Some(RegData::binary(vec![7; 300]))),
                ("y", Some(raw(0xFFFF_0012, &[1]))),
                ("z", Some(RegData::qword(7))),
                ("n", Some(RegData::none())),
                ("-", None),
            ],
        ),
        odd,
    ];
    let sayable = |value: &RegValue| value.name != lone;
    for (format, all) in [
        (RegFileFormat::Version5, true),
        (RegFileFormat::Version5Utf8, false),
        (RegFileFormat::Regedit4(page), false),
    ] {
        let written = write_reg_file(&sections, format);
        let options = RegFileOptions {
            ansi: page,
            ..RegFileOptions::default()
        };
        let file = RegFile::parse(&written.bytes, &options).unwrap();
        assert_eq!(file.sections.len(), sections.len());
        for (read, wrote) in file.sections.iter().zip(&sections) {
            assert_eq!(read.key, wrote.key);
            let bare = |value: &RegValue| (value.name.clone(), value.data.clone());
            let read: Vec<_> = read.values.iter().map(bare).collect();
            let wrote = wrote.values.iter().filter(|value| all || sayable(value));
            assert_eq!(read, wrote.map(bare).collect::<Vec<_>>(), "{format:?}");
        }
        let omitted: Vec<_> = written
            .omitted
            .iter()
            .map(|omitted| omitted.value.clone())
            .collect();
        let expected = match all {
            true => vec![],
            false => vec![Some(lone.clone())],
        };
        assert_eq!(omitted, expected, "{format:?}");
    }
}
