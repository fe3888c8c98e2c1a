//! The generator against NIST's vectors and OpenSSL's.

use keyfob_entropy::{HmacDrbg, RESEED_INTERVAL, ReseedNeeded};

fn bytes(text: &str) -> Vec<u8> {
    if text == "-" { Vec::new() } else { hex::decode(text).unwrap() }
}

#[test]
fn gives_what_nist_and_openssl_say() {
    let vectors = include_str!("hmac_drbg.txt");
    let (mut cases, mut compared, mut reseeds) = (0, 0, 0);
    for case in vectors.split("\n\n").filter(|case| case.contains("Case = ")) {
        let lines = case.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(" = ").unwrap());
        let lines: Vec<_> = lines.collect();
        let [(_, title), (_, entropy), (_, nonce), (_, personalisation), steps @ ..] = lines.as_slice() else {
            panic!("{case}");
        };
        let mut drbg = HmacDrbg::new(&bytes(entropy), &bytes(nonce), &bytes(personalisation));
        for (step, values) in steps {
            match (*step, values.split(' ').collect::<Vec<_>>().as_slice()) {
                ("Reseed", [entropy, additional]) => {
                    drbg.reseed(&bytes(entropy), &bytes(additional));
                    reseeds += 1;
                }
                ("Generate", [length, additional, returned]) => {
                    let mut out = vec![0; length.parse().unwrap()];
                    drbg.generate(&mut out, &bytes(additional)).unwrap();
                    if *returned != "?" {
                        assert_eq!(hex::encode(out), *returned, "{title}");
                        compared += 1;
                    }
                }
                _ => panic!("{step} {values}"),
            }
        }
        cases += 1;
    }
    assert_eq!((cases, compared, reseeds), (72, 176, 86));
}

#[test]
fn a_seed_serves_its_requests_and_no_more() {
    let mut drbg = HmacDrbg::new(&[1; 32], &[2; 16], b"fob");
    let mut last = [0; 8];
    for request in 0..RESEED_INTERVAL {
        let mut out = [0; 8];
        drbg.generate(&mut out, &[]).unwrap();
        assert_ne!(out, last, "{request}");
        last = out;
    }
    let mut out = [7; 8];
    assert_eq!(drbg.generate(&mut out, &[]), Err(ReseedNeeded));
    assert_eq!(out, [7; 8]);
    drbg.reseed(&[3; 32], &[]);
    assert_eq!(drbg.generate(&mut out, &[]), Ok(()));
    assert_eq!(drbg.generate(&mut vec![0; (1 << 16) + 1], &[]), Err(ReseedNeeded));
    assert_eq!(drbg.generate(&mut vec![0; 1 << 16], &[]), Ok(()));
}

#[test]
fn the_personalisation_tells_chips_apart() {
    let bytes = |chip: &[u8]| {
        let mut out = [0; 16];
        HmacDrbg::new(&[1; 32], &[2; 16], chip).generate(&mut out, &[]).unwrap();
        out
    };
    assert_eq!(bytes(b"chip 1"), bytes(b"chip 1"));
    assert_ne!(bytes(b"chip 1"), bytes(b"chip 2"));
}
