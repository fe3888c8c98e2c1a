extern crate std;
use std::{format, string::String, vec, vec::Vec};

use super::*;
use crate::NoSpace;

/// What a writer keeps free behind products.
const TAIL: usize = 8;

type Product = (u32, u32, String, Vec<(u32, String, Option<u32>)>);

fn product(id: u32, features: u32) -> Product {
    let feature = |n: u32| (n + 1, format!("feature {n}"), n.is_multiple_of(2).then_some(n << (n % 20)));
    (id, id * 3, format!("product {id}"), (0..features).map(feature).collect())
}

fn add(list: &mut ListWriter<'_>, (id, number, name, features): &Product) -> Result<(), NoSpace> {
    let mut writer = list.product(ProductId(*id), *number, name)?;
    for (feature, name, remaining) in features {
        writer.feature(FeatureEntry { feature: FeatureId(*feature), name, remaining: remaining.map(Units) })?;
    }
    writer.finish()
}

fn read(answer: &ListAnswer<'_>) -> Vec<Product> {
    let feature = |entry: FeatureEntry<'_>| (entry.feature.0, entry.name.into(), entry.remaining.map(|units| units.0));
    let product = |entry: ProductEntry<'_>| {
        (entry.product.0, entry.grant_number, entry.name.into(), entry.features.map(feature).collect())
    };
    answer.products.clone().map(product).collect()
}

fn count<T>(list: &[T]) -> u64 {
    list.len().try_into().unwrap()
}

/// The same answer by plain minicbor, which is told all lengths beforehand.
fn expected(products: &[Product], next: Option<ProductId>) -> Vec<u8> {
    let mut out = vec![0; 1 << 16];
    let room = out.len();
    let mut e = Encoder::new(out.as_mut_slice());
    e.map(1 + u64::from(next.is_some())).unwrap().u8(1).unwrap().array(count(products)).unwrap();
    for (id, number, name, features) in products {
        e.array(4).unwrap().u32(*id).unwrap().u32(*number).unwrap().str(name).unwrap();
        e.array(count(features)).unwrap();
        for (feature, name, remaining) in features {
            e.array(3).unwrap().u32(*feature).unwrap().str(name).unwrap();
            match remaining {
                Some(units) => e.u32(*units).unwrap(),
                None => e.null().unwrap(),
            };
        }
    }
    if let Some(next) = next {
        e.u8(2).unwrap().u32(next.0).unwrap();
    }
    let length = room - e.writer().len();
    out.truncate(length);
    out
}

#[test]
fn lists_come_back_in_the_shortest_encoding() {
    let counts = [(0, 0), (1, 0), (1, 1), (3, 23), (3, 24), (23, 2), (24, 2), (25, 25), (2, 255), (2, 256), (300, 1)];
    for (products, features) in counts {
        let products = (1..=products).map(|id| product(id, features)).collect::<Vec<_>>();
        let more = (!products.is_empty()).then_some(ProductId(u32::MAX));
        for next in [None, more] {
            let mut buffer = vec![0xee; 1 << 16];
            let mut list = ListWriter::new(&mut buffer).unwrap();
            products.iter().for_each(|product| add(&mut list, product).unwrap());
            assert_eq!(list.is_empty(), products.is_empty());
            let length = list.finish(next).unwrap();
            assert_eq!(buffer[..length], expected(&products, next));
            let answer = ListAnswer::parse(&buffer[..length]).unwrap();
            assert_eq!((read(&answer), answer.next), (products.clone(), next));
        }
    }
}

/// Whatever the buffer's size, what fits is whole, the next product is named, and following it ends.
#[test]
fn pages_join_to_the_whole_list() {
    let all = (1..=30).map(|id| product(id * 5, id)).collect::<Vec<_>>();
    let largest = expected(&all[29..], None).len();
    for size in (0..=largest + TAIL).chain([1500, 4076, 20_000]) {
        let (mut start, mut pages, mut seen) = (ProductId(0), 0, Vec::new());
        loop {
            let mut buffer = vec![0xee; size];
            let Ok(mut list) = ListWriter::new(&mut buffer) else { break };
            let rest = all.iter().filter(|product| product.0 >= start.0);
            let unwritten = rest.clone().find(|product| add(&mut list, product).is_err());
            if list.is_empty() {
                break;
            }
            let length = list.finish(unwritten.map(|product| ProductId(product.0))).unwrap();
            let answer = ListAnswer::parse(&buffer[..length]).unwrap();
            seen.extend(read(&answer));
            pages += 1;
            match answer.next {
                Some(next) => start = next,
                None => break,
            }
        }
        assert_eq!(seen, all[..seen.len()], "{size}");
        assert_eq!(seen.len() == 30, size >= largest + TAIL, "{size}: {} in {pages} pages", seen.len());
    }
}

#[test]
fn a_buffer_that_is_accepted_can_be_finished() {
    for size in 0..=3 + TAIL {
        let mut buffer = vec![0; size];
        let list = ListWriter::new(&mut buffer);
        assert_eq!(list.is_ok(), size >= 3 + TAIL);
        assert!(list.is_err() || list.is_ok_and(|list| list.finish(Some(ProductId(u32::MAX))).is_ok()));
    }
}

#[test]
fn a_product_given_up_leaves_no_trace() {
    let mut buffer = vec![0; 200];
    let mut list = ListWriter::new(&mut buffer).unwrap();
    add(&mut list, &product(1, 2)).unwrap();
    assert_eq!(add(&mut list, &product(2, 50)), Err(NoSpace));
    assert!(list.product(ProductId(3), 1, "begun").is_ok());
    add(&mut list, &product(4, 1)).unwrap();
    let length = list.finish(Some(ProductId(5))).unwrap();
    assert_eq!(buffer[..length], expected(&[product(1, 2), product(4, 1)], Some(ProductId(5))));
}

#[test]
fn altered_lists_are_refused_or_read_as_lists() {
    let bytes = expected(&[product(1, 3), product(9, 0)], Some(ProductId(10)));
    for length in 0..bytes.len() {
        assert!(ListAnswer::parse(&bytes[..length]).is_err(), "{length}");
    }
    for last in 0..=u8::MAX {
        assert!(ListAnswer::parse(&[&bytes[..], &[last]].concat()).is_err());
    }
    for place in 0..bytes.len() {
        for change in 1..=u8::MAX {
            let mut altered = bytes.clone();
            altered[place] ^= change;
            let Ok(answer) = ListAnswer::parse(&altered) else { continue };
            let read = read(&answer);
            assert!(read.is_sorted_by_key(|product| product.0));
            let again = expected(&read, answer.next);
            assert_eq!(self::read(&ListAnswer::parse(&again).unwrap()), read);
        }
    }
}

#[test]
fn lists_that_would_lead_astray_are_refused() {
    let refused =
        |products: &[Product], next: Option<u32>| ListAnswer::parse(&expected(products, next.map(ProductId))).is_err();
    let (one, two) = (product(1, 1), product(2, 1));
    assert!(!refused(&[one.clone(), two.clone()], Some(3)));
    assert!(refused(&[one.clone(), two.clone()], Some(2)), "asks for the last one again");
    assert!(refused(&[], Some(1)), "asks again for nothing");
    assert!(refused(&[two.clone(), one.clone()], None), "not in order");
    assert!(refused(&[one.clone(), one.clone()], None), "twice");
    for (length, too_long) in [(48, false), (49, true)] {
        let name = "n".repeat(length);
        assert_eq!(refused(&[(1, 1, name.clone(), vec![])], None), too_long);
        assert_eq!(refused(&[(1, 1, String::new(), vec![(1, name, None)])], None), too_long);
    }
    assert!(ListAnswer::parse(b"\xa1\x01\x81\x84\x01\x01\x61\xff\x80").is_err(), "names are UTF-8");
    assert!(ListAnswer::parse(b"\xa1\x01\x81\x84\x01\x01\x61a\x80").is_ok());
    assert!(ListAnswer::parse(b"").is_err() && ListAnswer::parse(b"\xa0").is_err());
}
