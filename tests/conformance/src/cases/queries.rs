//! What a token tells: info, list, grant, receipt, identify. `docs/spec.md`, §7.6, §7.7 and §8.

use keyfob::{Error, FeatureId, ProductId};
use keyfob_crypto::RustCrypto;
use keyfob_issuing::{FeatureTerms, OsEntropy, ProductGrant, UpdatePlan, read_receipt};
use keyfob_licence::{Grant, Terms};
use keyfob_signed::{Kind, Rights};
use keyfob_wire::body::{ListAnswer, ListRequest, ReceiptRequest, Request};
use keyfob_wire::{Operation, Serial, Status, Units, VendorHint};

use crate::case::{ensure, same};
use crate::licence::{COUNTED, HIDDEN, PLAIN, PRIVATE, PUBLIC, TODAY};
use crate::{Bench, Capability, Failure};

super::cases! {
    info_says_what_the_token_is
    guests_name_a_vendor
    guests_see_public_products_only
    apps_see_their_product_only
    a_long_list_comes_in_parts
    a_grant_proves_itself
    guests_get_no_private_grant
    a_receipt_proves_itself
    a_receipts_nonce_has_eight_to_sixty_four_bytes
    identify_shows_the_fob_for_five_seconds
}

fn info_says_what_the_token_is(bench: &mut Bench) -> Result<(), Failure> {
    let channel = bench.raw()?.init()?;
    let mut guest = bench.guest()?;
    let info = guest.info()?;
    same("the serial", &info.serial, &bench.serial())?;
    same("boot and firmware", &(info.boot, info.firmware), &(channel.answer.boot, channel.answer.firmware))?;
    same("that it is emulated", &info.levels.is_emulated(), &info.board.is_emulated())?;
    let ours = info.partitions.iter().find(|partition| partition.vendor == bench.vendor.root());
    let sequence = bench.record.sequence;
    let place = ours.map(|partition| (partition.epoch, partition.number));
    same("epoch and number", &place, &Some((sequence.epoch, sequence.number)))?;
    let id = bench.record.endorsement(bench.vendor.root())?.partition;
    same("the partition", &ours.map(|partition| partition.id), &Some(id))
}

fn guests_name_a_vendor(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    for operation in [Operation::List, Operation::Time] {
        same(operation.word(), &raw.say(session, &[operation.byte()])?, &vec![0, 1])?;
    }
    let request = ListRequest { hint: Some(VendorHint(bench.stranger.root().0.hint())), start: ProductId(0) };
    same("a stranger's", &raw.ask(session, &Request::List(request))?.0, &Status::UnknownVendor)?;
    // Apps needn't, and what they name is ignored.
    let session = raw.app(&bench.app)?;
    same("an app's", &raw.ask(session, &Request::List(request))?.0, &Status::Ok)?;
    same("an app's without", &raw.say(session, &[Operation::List.byte()])?.get(..2), &Some(&[0, 0][..]))
}

fn guests_see_public_products_only(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(33)?;
    let products = bench.guest()?.list(bench.vendor.root())?;
    ensure!(products.iter().all(|product| product.product != PRIVATE), "the private product is listed");
    let public = products.iter().find(|product| product.product == PUBLIC);
    let Some(public) = public else {
        return Err(Failure::Broken("the public product isn't listed".to_owned()));
    };
    same("its name", &public.name.as_str(), &"CAD Studio 7")?;
    same("how many features", &public.features.len(), &5)?;
    for feature in &public.features {
        let expected = (feature.feature == COUNTED).then_some(Units(33));
        same(&format!("what is left of {}", feature.name), &feature.remaining, &expected)?;
    }
    let mut features: Vec<FeatureId> = public.features.iter().map(|feature| feature.feature).collect();
    let found = features.clone();
    features.sort();
    same("the order", &found, &features)
}

fn apps_see_their_product_only(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    for (product, expected) in [(PRIVATE, vec![PRIVATE]), (PUBLIC, vec![PUBLIC]), (ProductId(99), vec![])] {
        let session = raw.app(&bench.app_with(product, Rights::ALL)?)?;
        let (_, body) = raw.ask(session, &Request::List(ListRequest { hint: None, start: ProductId(0) }))?;
        let seen: Vec<ProductId> = ListAnswer::parse(&body)?.products.map(|product| product.product).collect();
        same(&format!("what an app of product {product} sees"), &seen, &expected)?;
    }
    let session = raw.app(&bench.app)?;
    let (_, body) = raw.ask(session, &Request::List(ListRequest { hint: None, start: ProductId(0) }))?;
    let seen: Vec<ProductId> = ListAnswer::parse(&body)?.products.map(|product| product.product).collect();
    ensure!(seen.contains(&PRIVATE) && seen.contains(&PUBLIC), "an app of any product sees {seen:?}");
    Ok(())
}

fn a_long_list_comes_in_parts(bench: &mut Bench) -> Result<(), Failure> {
    let wide = |product: u32| ProductGrant {
        product: ProductId(product),
        name: format!("{product:048}"),
        public: true,
        features: (0..10)
            .map(|number| FeatureTerms {
                feature: FeatureId(product * 100 + number),
                name: format!("{:048}", product * 100 + number),
                terms: Terms::default(),
            })
            .collect(),
    };
    for products in [1000..1004, 1004..1008] {
        bench.apply(UpdatePlan { issued: TODAY, grants: products.map(wide).collect(), steps: Vec::new() })?;
    }
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let hint = Some(VendorHint(bench.vendor.root().0.hint()));
    let (mut start, mut parts, mut seen) = (ProductId(0), 0, Vec::new());
    loop {
        let (status, body) = raw.ask(session, &Request::List(ListRequest { hint, start }))?;
        same("the status", &status, &Status::Ok)?;
        let answer = ListAnswer::parse(&body)?;
        for product in answer.products {
            ensure!(product.product >= start, "product {} comes before {start}", product.product);
            seen.push((product.product, product.features.count()));
        }
        parts += 1;
        match answer.next {
            Some(next) => start = next,
            None => break,
        }
        ensure!(parts < 10, "the list doesn't end");
    }
    let expected: Vec<_> = [(PUBLIC, 5)].into_iter().chain((1000..1008).map(|id| (ProductId(id), 10))).collect();
    same("what is listed", &seen, &expected)?;
    ensure!(parts > 1, "it came in one part");
    same("the library's list", &bench.guest()?.list(bench.vendor.root())?.len(), &9)
}

fn a_grant_proves_itself(bench: &mut Bench) -> Result<(), Failure> {
    let granted = bench.guest()?.grant(bench.vendor.root(), PUBLIC)?;
    let root = bench.vendor.root();
    let endorsement = root.verify_endorsement::<RustCrypto>(&granted.endorsement, bench.serial(), 0)?;
    let signer = root.signer::<RustCrypto>(granted.certificates.first().map(Vec::as_slice), Kind::Grant, 0)?;
    let grant = signer.verify::<RustCrypto, Grant<'_>>(&granted.grant, &(bench.serial(), endorsement.partition))?;
    same("product and name", &(grant.product, grant.name), &(PUBLIC, "CAD Studio 7"))?;
    ensure!(grant.features.iter().any(|feature| feature.feature == PLAIN), "a feature is missing");
    let other = (Serial([9; 8]), endorsement.partition);
    ensure!(signer.verify::<RustCrypto, Grant<'_>>(&granted.grant, &other).is_err(), "it proves another token");
    Ok(())
}

fn guests_get_no_private_grant(bench: &mut Bench) -> Result<(), Failure> {
    for product in [PRIVATE, ProductId(99), ProductId(HIDDEN.0)] {
        let granted = bench.guest()?.grant(bench.vendor.root(), product);
        let refused = matches!(granted, Err(Error::Refused(Status::ProductNotFound)));
        ensure!(refused, "product {product}: {granted:?}");
    }
    Ok(())
}

fn a_receipt_proves_itself(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(17)?;
    let nonce: [u8; 32] = *keyfob_crypto::Secret::<32>::random(&mut OsEntropy).expose();
    let proven = bench.guest()?.receipt(bench.vendor.root(), &nonce)?;
    let receipt = read_receipt(bench.vendor.root(), &bench.record, &nonce, &proven.receipt)?;
    let sequence = bench.record.sequence;
    let place = (receipt.epoch, receipt.number, receipt.last_update);
    same("where it stands", &place, &(sequence.epoch, sequence.number, sequence.digest))?;
    let counters: Vec<_> = receipt.counters.iter().map(|counter| (counter.feature, counter.remaining)).collect();
    same("the counters", &counters, &vec![(COUNTED, Units(17))])?;
    ensure!(
        read_receipt(bench.vendor.root(), &bench.record, &[0; 32], &proven.receipt).is_err(),
        "it answers another nonce"
    );
    Ok(())
}

fn a_receipts_nonce_has_eight_to_sixty_four_bytes(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let hint = Some(VendorHint(bench.vendor.root().0.hint()));
    for (length, expected) in [
        (0, Status::BadRequest),
        (7, Status::BadRequest),
        (8, Status::Ok),
        (64, Status::Ok),
        (65, Status::BadRequest),
        (200, Status::BadRequest),
    ] {
        let nonce = vec![1; length];
        let (status, _) = raw.ask(session, &Request::Receipt(ReceiptRequest { hint, nonce: &nonce }))?;
        same(&format!("a nonce of {length} bytes"), &status, &expected)?;
    }
    Ok(())
}

fn identify_shows_the_fob_for_five_seconds(bench: &mut Bench) -> Result<(), Failure> {
    let light = |bench: &Bench| bench.fob.light().ok_or(Failure::Needs(Capability::Light));
    same("the light before", &light(bench)?, &false)?;
    bench.guest()?.identify()?;
    same("the light", &light(bench)?, &true)?;
    bench.pass(4_000)?;
    bench.raw()?.init()?;
    same("the light after 4 s", &light(bench)?, &true)?;
    bench.pass(1_000)?;
    bench.raw()?.init()?;
    same("the light after 5 s", &light(bench)?, &false)
}
