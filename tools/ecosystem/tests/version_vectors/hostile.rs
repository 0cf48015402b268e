//! Texts that somebody made to hurt: long, and of one kind of piece.

use ecosystem::version::{Order, Version};

const MEGABYTE: usize = 1 << 20;

/// Reads and compares two texts. Quadratic work would show in the time of these tests: minutes, not seconds.
fn compare(order: Order, a: &str, b: &str) {
    if let (Ok(a), Ok(b)) = (Version::parse(order, a), Version::parse(order, b)) {
        assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    }
}

#[test]
fn versions_of_many_like_pieces_are_read_in_linear_time() {
    let pieces = [
        "1", "0", "1.", ".", "a", "a1", "-", "1-", "_p1", "~", "^", "1+", ":", "é", "-0", ".0", ".a", "-rc.", "final-",
        "A",
    ];
    for order in Order::ALL {
        for piece in pieces {
            for start in ["", "1", "1.0-", "1.0+", "1_", "1~"] {
                let text = format!("{start}{}", piece.repeat(MEGABYTE / 512 / piece.len()));
                compare(order, &text, &format!("{text}2"));
            }
        }
    }
}

#[test]
fn versions_of_a_megabyte_and_of_thousands_of_dots_are_read_and_compared() {
    for order in Order::ALL {
        let dots = "1.".repeat(MEGABYTE / 16);
        compare(order, &format!("{dots}1"), &format!("{dots}2"));
        compare(order, &"a1".repeat(MEGABYTE / 16), &"_p1".repeat(MEGABYTE / 16));
        let (long, longer) = ("9".repeat(MEGABYTE), "9".repeat(MEGABYTE) + "0");
        let (a, b) = (Version::parse(order, &long).unwrap(), Version::parse(order, &longer).unwrap());
        assert!(a < b, "{order}");
    }
}
