//! The numeric types of `.npy` files.

/// The type of an array's numbers, and the order of their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    number: Number,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    F8,
    F4,
    I8,
    I4,
    I2,
    I1,
    U8,
    U4,
    U2,
    U1,
}

impl Kind {
    /// The type that NumPy calls `name`, such as `<f8`.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let (big_endian, code) = match name.split_at_checked(1) {
            Some((">", code)) => (true, code),
            Some(("<" | "|" | "=", code)) => (false, code),
            _ => (false, name),
        };
        let number = match code {
            "f8" => Number::F8,
            "f4" => Number::F4,
            "i8" => Number::I8,
            "i4" => Number::I4,
            "i2" => Number::I2,
            "i1" => Number::I1,
            "u8" => Number::U8,
            "u4" => Number::U4,
            "u2" => Number::U2,
            "u1" | "b1" => Number::U1,
            _ => {
                return Err(format!(
                    "an array of type `{name}`; expected real numbers such as `<f8`"
                ));
            }
        };
        Ok(Self { number, big_endian })
    }

    /// How many bytes one number takes.
    pub(super) fn width(self) -> usize {
        match self.number {
            Number::F8 | Number::I8 | Number::U8 => 8,
            Number::F4 | Number::I4 | Number::U4 => 4,
            Number::I2 | Number::U2 => 2,
            Number::I1 | Number::U1 => 1,
        }
    }

    /// Adds the numbers in `bytes` to `out`.
    pub(super) fn decode(self, bytes: &[u8], out: &mut Vec<f64>) {
        macro_rules! numbers {
            ($t:ty) => {{
                let value = |b: &[u8]| {
                    let b = b.try_into().expect("chunks have the width of the type");
                    if self.big_endian {
                        <$t>::from_be_bytes(b) as f64
                    } else {
                        <$t>::from_le_bytes(b) as f64
                    }
                };
                out.extend(bytes.chunks_exact(size_of::<$t>()).map(value));
            }};
        }
        match self.number {
            Number::F8 => numbers!(f64),
            Number::F4 => numbers!(f32),
            Number::I8 => numbers!(i64),
            Number::I4 => numbers!(i32),
            Number::I2 => numbers!(i16),
            Number::I1 => numbers!(i8),
            Number::U8 => numbers!(u64),
            Number::U4 => numbers!(u32),
            Number::U2 => numbers!(u16),
            Number::U1 => numbers!(u8),
        }
    }
}
