#![allow(missing_docs)]
use wimwright_servicing::catalog::verify::*;
#[test]
fn show() {
    let corpus = wimwright_testdata::corpus("show").unwrap();
    fn walk(p: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
        for e in std::fs::read_dir(p).unwrap() {
            let p = e.unwrap().path();
            if p.is_dir() {
                walk(&p, out)
            } else if p.extension().is_some_and(|e| e.eq_ignore_ascii_case("cat")) {
                out.push(p)
            }
        }
    }
    let mut v = vec![];
    walk(&corpus.join("drivers"), &mut v);
    v.sort();
    let trust = TrustStore::default();
    for p in v {
        let bytes = std::fs::read(&p).unwrap();
        let t = std::time::Instant::now();
        let s = Signature::read(&bytes, &trust).unwrap().unwrap();
        let dt = t.elapsed();
        let ts = s.time_stamp.as_ref().map(|t| {
            t.as_ref()
                .map(|t| (t.form, t.time, t.is_trusted(), t.chain.end.clone()))
        });
        println!(
            "{} {:?} {:?} {:?} chain={} {:?} ts={:?} {:?}",
            p.file_name().unwrap().display(),
            s.check,
            s.digest_algorithm,
            s.kind,
            s.chain.as_ref().unwrap().certificates.len(),
            s.chain.as_ref().unwrap().anchor().map(|a| &a.name),
            ts,
            dt
        );
        println!("    {:?}", s.verdict(1_700_000_000));
    }
}
