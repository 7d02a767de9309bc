//! The substitution of AES, worked out without a table: nothing that the time tells depends on what is
//! encrypted. The circuit is one of 113 gates by Boyar and Peralta ("A depth-16 circuit for the AES S-box",
//! 2011), whose four negations stand in the keys instead.

use std::collections::BTreeMap;

use super::straight::{Straight, Value};

/// `x0` to `x7` go in and `s0` to `s7` come out, the highest bit first.
const CIRCUIT: [&str; 15] = [
    "y14=x3^x5 y13=x0^x6 y9=x0^x3 y8=x0^x5 t0=x1^x2 y1=t0^x7 y4=y1^x3 y12=y13^y14",
    "y2=y1^x0 y5=y1^x6 y3=y5^y8 t1=x4^y12 y15=t1^x5 y20=t1^x1 y6=y15^x7 y10=y15^t0",
    "y11=y20^y9 y7=x7^y11 y17=y10^y11 y19=y10^y8 y16=t0^y11 y21=y13^y16 y18=x0^y16",
    "t2=y12&y15 t3=y3&y6 t4=t3^t2 t5=y4&x7 t6=t5^t2 t7=y13&y16 t8=y5&y1 t9=t8^t7",
    "t10=y2&y7 t11=t10^t7 t12=y9&y11 t13=y14&y17 t14=t13^t12 t15=y8&y10 t16=t15^t12",
    "t17=t4^t14 t18=t6^t16 t19=t9^t14 t20=t11^t16 t21=t17^y20 t22=t18^y19 t23=t19^y21",
    "t24=t20^y18 t25=t21^t22 t26=t21&t23 t27=t24^t26 t28=t25&t27 t29=t28^t22 t30=t23^t24",
    "t31=t22^t26 t32=t31&t30 t33=t32^t24 t34=t23^t33 t35=t27^t33 t36=t24&t35 t37=t36^t34",
    "t38=t27^t36 t39=t29&t38 t40=t25^t39 t41=t40^t37 t42=t29^t33 t43=t29^t40 t44=t33^t37",
    "t45=t42^t41 z0=t44&y15 z1=t37&y6 z2=t33&x7 z3=t43&y16 z4=t40&y1 z5=t29&y7 z6=t42&y11",
    "z7=t45&y17 z8=t41&y10 z9=t44&y12 z10=t37&y3 z11=t33&y4 z12=t43&y13 z13=t40&y5 z14=t29&y2",
    "z15=t42&y9 z16=t45&y14 z17=t41&y8 t46=z15^z16 t47=z10^z11 t48=z5^z13 t49=z9^z10 t50=z2^z12",
    "t51=z2^z5 t52=z7^z8 t53=z0^z3 t54=z6^z7 t55=z16^z17 t56=z12^t48 t57=t50^t53 t58=z4^t46",
    "t59=z3^t54 t60=t46^t57 t61=z14^t57 t62=t52^t58 t63=t49^t58 t64=z4^t59 t65=t61^t62 t66=z1^t63",
    "s0=t59^t63 s6=t56^t62 s7=t48^t60 t67=t64^t65 s3=t53^t66 s4=t51^t66 s5=t47^t65 s1=t64^s3 s2=t55^t67",
];

/// What the circuit leaves to whoever adds the next key.
pub(crate) const NEGATED: u8 = 0x63;

/// Substitutes 64 bytes at once, of whose bits each plane has one, the lowest first.
pub(crate) fn substitute(sheet: &mut Straight, planes: [Value; 8]) -> [Value; 8] {
    let names = ["x7", "x6", "x5", "x4", "x3", "x2", "x1", "x0"];
    let mut known: BTreeMap<&str, Value> = names.into_iter().zip(planes).collect();
    for gate in CIRCUIT.iter().flat_map(|line| line.split(' ')) {
        let (name, made) = gate.split_once('=').expect("a gate has a name");
        let (inputs, is_and) = match made.split_once('&') {
            Some(inputs) => (inputs, true),
            None => (made.split_once('^').expect("a gate is one of two kinds"), false),
        };
        let (one, other) = (known[inputs.0], known[inputs.1]);
        let value = if is_and { sheet.and(one, other) } else { sheet.xor(one, other) };
        known.insert(name, value);
    }
    ["s7", "s6", "s5", "s4", "s3", "s2", "s1", "s0"].map(|name| known[name])
}

/// What becomes of each byte: for keys, of which there are few.
pub(crate) fn table() -> [u8; 256] {
    let mut sheet = Straight::default();
    let planes = [0; 8].map(|number| sheet.number(number));
    let made = substitute(&mut sheet, planes);
    let mut table = [NEGATED; 256];
    for (first, part) in (0_u64..).step_by(64).zip(table.chunks_mut(64)) {
        let plane = |bit: u32| (0..64).map(|at| ((first + at) >> bit & 1) << at).sum();
        let known: Vec<(Value, u64)> = planes.into_iter().zip((0..8).map(plane)).collect();
        for (bit, value) in made.into_iter().enumerate() {
            let plane = sheet.evaluate(&known, value);
            part.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= ((plane >> at & 1) as u8) << bit);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, 4.2 and 5.1.1: the inverse in the field, and an affine map of it.
    fn by_definition(byte: u8) -> u8 {
        let times = |a: u8, b: u8| {
            let step = |(made, a): (u8, u8), bit: u8| {
                let made = if b >> bit & 1 == 1 { made ^ a } else { made };
                (made, a << 1 ^ if a >> 7 == 1 { 0x1b } else { 0 })
            };
            (0..8).fold((0, a), step).0
        };
        let inverse = (0..=255).find(|other| times(byte, *other) == 1).unwrap_or(0);
        (0..5).fold(0x63, |made, turn| made ^ inverse.rotate_left(turn))
    }

    #[test]
    fn the_circuit_substitutes_as_aes_says() {
        for (byte, substituted) in (0..=u8::MAX).zip(table()) {
            assert_eq!(substituted, by_definition(byte), "{byte:#x}");
        }
    }
}
