use super::*;

fn of(symbols: &[(&str, &str)]) -> Result<Curve, String> {
    let symbols: Vec<_> = symbols.iter().map(|(name, section)| ((*name).to_owned(), (*section).to_owned())).collect();
    Curve::among(&symbols).map_err(|error| error.to_string())
}

const PORTABLE_SYMBOL: (&str, &str) = ("primeorder::projective::mul", ".text");
const TABLE: &str = "p256_cm4::P256_BASEPOINT_PRECOMP2";

#[test]
fn an_image_has_one_curve() {
    assert_eq!(of(&[("main", ".text"), (TABLE, ".data")]), Ok(Curve::Assembly));
    assert_eq!(of(&[("main", ".text"), PORTABLE_SYMBOL]), Ok(Curve::Portable));
    assert!(of(&[(TABLE, ".data"), PORTABLE_SYMBOL]).unwrap_err().contains("primeorder::projective::mul"));
    assert!(of(&[("main", ".text")]).is_err());
}

#[test]
fn points_that_a_secret_chooses_from_lie_in_ram() {
    assert!(of(&[(TABLE, ".rodata")]).unwrap_err().contains(".rodata"));
    assert!(of(&[(TABLE, "")]).is_err());
}
