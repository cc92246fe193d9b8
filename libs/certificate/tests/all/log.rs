//! The log: proofs hold for every size, forks and rollbacks are refused, tiles rebuild the tree.

use tongguan_certificate::log::entry::{join_bundle, split_bundle};
use tongguan_certificate::log::proof::{inclusion_root, is_consistent};
use tongguan_certificate::log::tile::{Tile, grown};
use tongguan_certificate::log::witness::{AddCheckpoint, Refusal};
use tongguan_certificate::log::{Finding, audit};
use tongguan_certificate::{
    Algorithm, Checkpoint, Digest, Error, FileKey, Fixed, NoteKey, NoteKeyKind, SignedCheckpoint,
    Signer as _, Tree, Witness,
};

use crate::sample::{HOUSE, House, ORIGIN, now};

fn leaf(n: u64) -> Digest {
    tongguan_certificate::log::entry::leaf_hash(&n.to_be_bytes())
}

/// The tree hash as RFC 9162 section 2.1.1 defines it, written out without any cleverness.
fn plain_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(&[]),
        [one] => *one,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(middle);
            Digest::of_parts(&[&[1], &plain_root(left).0, &plain_root(right).0])
        }
    }
}

#[test]
fn proofs_hold_for_every_size_up_to_300_and_for_nothing_else() {
    let leaves: Vec<_> = (0..300).map(leaf).collect();
    let tree = Tree::from_leaf_hashes(leaves.iter().copied());
    let roots: Vec<_> = (0..=300).map(|size| plain_root(&leaves[..size])).collect();
    for size in 0..=300_u64 {
        let root = roots[size as usize];
        assert_eq!(tree.root_at(size).unwrap(), root);
        for index in 0..size {
            let path = tree.inclusion_proof(index, size).unwrap();
            assert_eq!(inclusion_root(&leaf(index), index, size, &path), Some(root));
            assert_ne!(inclusion_root(&leaf(999), index, size, &path), Some(root));
            let elsewhere = (index + 1) % size;
            if elsewhere != index {
                assert_ne!(
                    inclusion_root(&leaf(index), elsewhere, size, &path),
                    Some(root)
                );
            }
            assert!(
                path.is_empty()
                    || inclusion_root(&leaf(index), index, size, &path[1..]) != Some(root)
            );
        }
        for old in 0..=size {
            let path = tree.consistency_proof(old, size).unwrap();
            assert!(
                is_consistent(old, &roots[old as usize], size, &root, &path),
                "{old} → {size}"
            );
            if old > 0 && old < size {
                assert!(!is_consistent(old, &leaf(7), size, &root, &path));
                assert!(!is_consistent(
                    old,
                    &roots[old as usize],
                    size,
                    &leaf(7),
                    &path
                ));
                assert!(!is_consistent(
                    old,
                    &roots[old as usize],
                    size,
                    &root,
                    &path[1..]
                ));
            }
        }
    }
    assert!(tree.inclusion_proof(300, 300).is_err());
    assert!(tree.root_at(301).is_err());
    assert!(!is_consistent(5, &roots[5], 3, &roots[3], &[]));
}

#[test]
fn published_roots_of_rfc_6962_test_data_are_reproduced() {
    // The eight inputs and roots of Certificate Transparency's reference tests.
    let inputs: [&[u8]; 8] = [
        &[],
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ];
    let leaves = inputs.map(tongguan_certificate::log::entry::leaf_hash);
    let tree = Tree::from_leaf_hashes(leaves);
    assert_eq!(
        tree.root_at(1).unwrap().to_string(),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
    assert_eq!(
        tree.root().to_string(),
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    );
}

#[test]
fn a_witness_follows_growth_and_refuses_forks_and_rollbacks() {
    let key = FileKey::generate(Algorithm::Ed25519).unwrap();
    let name = NoteKey::new(
        "witness.example",
        NoteKeyKind::Witness,
        key.public_key().clone(),
    )
    .unwrap();
    let sign = |tree: &Tree| {
        Checkpoint::of(ORIGIN, tree)
            .sign(&HOUSE.log, &HOUSE.log_key)
            .unwrap()
    };
    let mut tree = Tree::from_leaf_hashes((0..10).map(leaf));
    let mut witness = Witness::new(ORIGIN);
    witness.accept(&sign(&tree), &[]).unwrap();
    let small = sign(&tree);
    let before = tree.size();
    (10..37).for_each(|n| {
        tree.append(leaf(n));
    });
    let mut grown = sign(&tree);
    witness
        .accept(
            &grown,
            &tree.consistency_proof(before, tree.size()).unwrap(),
        )
        .unwrap();
    assert!(
        matches!(witness.accept(&small, &[]), Err(Error::Log(problem)) if problem.starts_with("rolled back"))
    );
    let mut fork = Tree::from_leaf_hashes((100..137).map(leaf));
    fork.append(leaf(1));
    let proof = fork.consistency_proof(37, 38).unwrap();
    assert!(
        matches!(witness.accept(&sign(&fork), &proof), Err(Error::Log(problem)) if problem.starts_with("forked"))
    );
    assert_eq!(witness.seen().size, 37);

    grown
        .add_cosignature(&witness.cosign(&name, &key, now()).unwrap())
        .unwrap();
    let reopened = SignedCheckpoint::open(grown.note(), &HOUSE.log).unwrap();
    assert_eq!(
        reopened.cosigners(std::slice::from_ref(&name)),
        [(&name, now())]
    );
    let stranger = FileKey::generate(Algorithm::Ed25519).unwrap();
    let stranger = NoteKey::new(
        "witness.example",
        NoteKeyKind::Witness,
        stranger.public_key().clone(),
    )
    .unwrap();
    assert!(reopened.cosigners(&[stranger]).is_empty());
}

#[test]
fn a_changed_checkpoint_does_not_open() {
    let tree = Tree::from_leaf_hashes((0..4).map(leaf));
    let signed = Checkpoint::of(ORIGIN, &tree)
        .sign(&HOUSE.log, &HOUSE.log_key)
        .unwrap();
    for place in 0..signed.note().len() {
        let mut bytes = signed.note().as_bytes().to_vec();
        bytes[place] ^= 1;
        if let Ok(note) = String::from_utf8(bytes) {
            assert!(
                SignedCheckpoint::open(&note, &HOUSE.log).is_err(),
                "byte {place}"
            );
        }
    }
    assert_eq!(HOUSE.log.to_string().parse::<NoteKey>().unwrap(), HOUSE.log);
}

#[test]
fn tile_paths_are_those_of_the_specification() {
    let tile = Tile {
        level: 0,
        index: 1_234_067,
        width: 256,
    };
    assert_eq!(tile.path(), "tile/0/x001/x234/067");
    assert_eq!(
        Tile { width: 5, ..tile }.entries_path(),
        "tile/entries/x001/x234/067.p/5"
    );
    for text in ["tile/0/x001/x234/067", "tile/1/000.p/1", "tile/7/999.p/255"] {
        assert_eq!(Tile::parse(text).unwrap().path(), text);
    }
    for text in [
        "tile/8/000",
        "tile/0/1",
        "tile/0/x000/001",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/00/000",
    ] {
        assert_eq!(Tile::parse(text), None, "{text}");
    }
}

#[test]
fn tiles_and_bundles_hold_the_whole_log() {
    let entries: Vec<_> = (0..70_000_u64).map(|n| n.to_be_bytes().to_vec()).collect();
    let tree = Tree::from_leaf_hashes((0..70_000).map(leaf));
    let mut read = Vec::new();
    let mut bundled = Vec::new();
    let tiles = grown(0, 70_000);
    for tile in tiles.iter().filter(|tile| tile.level == 0) {
        read.extend(
            tile.bytes(&tree)
                .unwrap()
                .chunks_exact(32)
                .map(|hash| Fixed(hash.try_into().unwrap())),
        );
        let first = tile.index as usize * 256;
        let bundle = join_bundle(&entries[first..first + usize::from(tile.width)]).unwrap();
        bundled.extend(
            split_bundle(&bundle)
                .unwrap()
                .into_iter()
                .map(<[u8]>::to_vec),
        );
    }
    assert_eq!(bundled, entries);
    assert_eq!(Tree::from_leaf_hashes(read).root(), tree.root());
    assert_eq!(tiles.iter().filter(|tile| tile.level == 1).count(), 2);
    assert_eq!(
        tiles
            .iter()
            .filter(|tile| tile.level == 2)
            .map(|tile| tile.width)
            .collect::<Vec<_>>(),
        [1]
    );
    assert_eq!(
        grown(70_000, 70_001)
            .iter()
            .map(Tile::path)
            .collect::<Vec<_>>(),
        ["tile/0/273.p/113"]
    );
    assert!(grown(5, 5).is_empty());
    assert!(
        Tile {
            level: 0,
            index: 300,
            width: 1
        }
        .bytes(&tree)
        .is_err()
    );
}

#[test]
fn an_audit_names_lost_changed_and_repeated_entries() {
    let certificate = |n| {
        let mut record = crate::sample::record(HOUSE.key.key_id().clone(), n);
        record.simulated = n % 2 == 0;
        record.sign(&HOUSE.key).unwrap().log_entry()
    };
    let entries: Vec<_> = (0..260).map(certificate).collect();
    let leaves = entries
        .iter()
        .map(|entry| tongguan_certificate::log::entry::leaf_hash(entry));
    let tree = Tree::from_leaf_hashes(leaves);
    let published = Checkpoint::of(ORIGIN, &tree);
    let bundles = [
        join_bundle(&entries[..256]).unwrap(),
        join_bundle(&entries[256..]).unwrap(),
    ];
    let run = |bundles: &[Vec<u8>]| {
        audit(
            bundles.iter().map(Vec::as_slice),
            std::slice::from_ref(&published),
        )
        .1
    };
    assert_eq!(run(&bundles), []);
    assert_eq!(
        run(&bundles[..1]),
        [Finding::Shorter {
            held: 256,
            published: 260
        }]
    );
    let mut changed = bundles.clone();
    let last = changed[1].len() - 1;
    changed[1][last] ^= 1;
    assert_eq!(run(&changed), [Finding::Changed { size: 260 }]);
    let repeated = [
        bundles[0].clone(),
        join_bundle(&[&entries[256..], &entries[..1]].concat()).unwrap(),
    ];
    let id = crate::sample::record(HOUSE.key.key_id().clone(), 0).id;
    assert_eq!(
        run(&repeated),
        [Finding::Repeated {
            id,
            first: 0,
            second: 260
        }]
    );
    let swapped = [bundles[1].clone(), bundles[0].clone()];
    assert!(run(&swapped).contains(&Finding::Gap {
        bundle: 0,
        entries: 4
    }));
    let torn = [bundles[0].clone(), bundles[1][..50].to_vec()];
    assert!(matches!(
        run(&torn)[..],
        [
            Finding::Unreadable { bundle: 1, .. },
            Finding::Shorter { .. }
        ]
    ));
}

#[test]
fn a_log_restored_from_an_old_backup_is_refused_at_start_up() {
    let tree = Tree::from_leaf_hashes((0..9).map(leaf));
    let seen = Checkpoint::of(ORIGIN, &tree);
    assert!(tree.require_continues(&seen).is_ok());
    assert!(
        Tree::from_leaf_hashes((0..20).map(leaf))
            .require_continues(&seen)
            .is_ok()
    );
    assert!(
        Tree::from_leaf_hashes((0..8).map(leaf))
            .require_continues(&seen)
            .is_err()
    );
    assert!(
        Tree::from_leaf_hashes((1..20).map(leaf))
            .require_continues(&seen)
            .is_err()
    );
}

#[test]
fn a_witness_answers_a_log_as_the_protocol_says() {
    let house = House::new();
    let grown = |entries: u64| {
        let tree = Tree::from_leaf_hashes((0..entries).map(|n| Digest::of(&n.to_be_bytes())));
        let signed = Checkpoint::of(ORIGIN, &tree)
            .sign(&house.log, &house.log_key)
            .unwrap();
        (tree, signed.note().to_owned())
    };
    let offer = |old: u64, size: u64| {
        let (tree, note) = grown(size);
        let proof = if old == 0 || old > size {
            Vec::new()
        } else {
            tree.consistency_proof(old, size).unwrap()
        };
        let text = AddCheckpoint { old, proof, note }.to_string();
        text.parse::<AddCheckpoint>().unwrap()
    };
    let mut witness = Witness::new(ORIGIN);
    assert_eq!(witness.add(&offer(0, 5), &house.log), Ok(()));
    assert_eq!(witness.add(&offer(5, 300), &house.log), Ok(()));
    assert_eq!(witness.add(&offer(300, 300), &house.log), Ok(()));
    // Rolled back, or believing in another size.
    for (old, size) in [(5, 300), (0, 7), (5, 7), (0, 400)] {
        assert_eq!(
            witness.add(&offer(old, size), &house.log),
            Err(Refusal::Conflict { seen: 300 })
        );
    }
    assert_eq!(
        witness.add(&offer(301, 300), &house.log),
        Err(Refusal::Malformed)
    );
    // Forked: another tree of the same size, and one that grew from another root.
    let other = Tree::from_leaf_hashes((0..300_u64).map(|n| Digest::of(&(n + 1).to_be_bytes())));
    let forked = Checkpoint::of(ORIGIN, &other)
        .sign(&house.log, &house.log_key)
        .unwrap();
    let mut fork = offer(300, 300);
    forked.note().clone_into(&mut fork.note);
    assert_eq!(
        witness.add(&fork, &house.log),
        Err(Refusal::Conflict { seen: 300 })
    );
    let mut broken = offer(300, 400);
    broken.proof.pop();
    assert_eq!(witness.add(&broken, &house.log), Err(Refusal::Inconsistent));
    let stranger = House::new();
    assert_eq!(
        witness.add(&offer(300, 400), &stranger.log),
        Err(Refusal::BadSignature)
    );
    let mut elsewhere = Witness::new("other.example/log");
    assert_eq!(
        elsewhere.add(&offer(0, 5), &house.log),
        Err(Refusal::UnknownLog)
    );
    assert_eq!(witness.seen().size, 300);
    for wrong in [
        "",
        "old 5",
        "old x\n\nnote",
        "old 5\nAAAA\n\nnote",
        "old -1\n\nn",
    ] {
        assert!(wrong.parse::<AddCheckpoint>().is_err(), "{wrong:?}");
    }
}
