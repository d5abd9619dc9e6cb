//! The bytes of a message's FHIR are a function of the message and the maps: not of what was converted before it, of the
//! thread, of the mapper's instance, or of the order of arrival.
#![allow(clippy::unwrap_used)]

mod support;

use kiln_fhir::{Conversion, ConvertOptions, Mapper};
use kiln_hl7::{Index, Message};
use proptest::prelude::*;
use support::fixtures;

/// The Bundle of a message, or the reason why there is none.
fn converted(mapper: &Mapper, bytes: &[u8], index: &mut Index, out: &mut Conversion) -> Vec<u8> {
    let message = Message::parse(bytes, index).unwrap();
    match mapper.convert(&message, &ConvertOptions::default(), out) {
        Ok(()) => {
            let mut bundle = Vec::new();
            out.write_bundle(&mut bundle);
            bundle
        }
        Err(error) => error.to_string().into_bytes(),
    }
}

fn in_order(mapper: &Mapper, messages: &[Vec<u8>], order: &[usize]) -> Vec<Vec<u8>> {
    let (mut index, mut out) = (Index::new(), Conversion::new());
    let mut bundles = vec![Vec::new(); messages.len()];
    for &number in order {
        bundles[number] = converted(mapper, &messages[number], &mut index, &mut out);
    }
    bundles
}

/// Each message by buffers of its own.
fn alone(mapper: &Mapper, messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let convert =
        |bytes: &Vec<u8>| converted(mapper, bytes, &mut Index::new(), &mut Conversion::new());
    messages.iter().map(convert).collect()
}

#[test]
fn another_mapper_and_other_threads_write_the_same_bytes() {
    let messages = fixtures();
    assert!(messages.len() > 30);
    let mapper = Mapper::embedded().unwrap();
    let expected = alone(&mapper, &messages);
    assert_eq!(expected, alone(&Mapper::embedded().unwrap(), &messages));
    let forward: Vec<usize> = (0..messages.len()).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let mut order = forward.clone();
                order.rotate_left(worker * 5 % messages.len());
                if worker % 2 == 1 {
                    order.reverse();
                }
                let (mapper, messages) = (&mapper, &messages);
                scope.spawn(move || in_order(mapper, messages, &order))
            })
            .collect();
        for worker in workers {
            assert_eq!(expected, worker.join().unwrap());
        }
    });
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    let messages = fixtures();
    let mapper = Mapper::embedded().unwrap();
    let expected = alone(&mapper, &messages);
    let numbers: Vec<usize> = (0..messages.len()).collect();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(8));
    runner
        .run(&Just(numbers).prop_shuffle(), |order| {
            prop_assert!(in_order(&mapper, &messages, &order) == expected);
            Ok(())
        })
        .unwrap();
}
