/// Declares views: a struct over a [`Value`](crate::Value), and for each component its number, its name, and what it is:
/// nothing for a plain value, `: View` for a composite, `= Type` for what is checked when it is read.
macro_rules! views {
    ($(
        $(#[$doc:meta])*
        $view:ident $written:literal { $($number:literal $name:ident $(: $inner:ident)? $(= $checked:ident)?,)* }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $view<'a>(crate::value::Value<'a>);

            impl<'a> From<crate::value::Value<'a>> for $view<'a> {
                fn from(value: crate::value::Value<'a>) -> Self {
                    Self(value)
                }
            }

            impl<'a> $view<'a> {
                /// The value that it is a view of.
                pub fn value(&self) -> crate::value::Value<'a> {
                    self.0
                }

                $(
                    #[doc = concat!($written, ".", $number, ".")]
                    pub fn $name(&self) -> crate::types::view::component!(@type 'a $(: $inner)? $(= $checked)?) {
                        let part = self.0.part($number);
                        crate::types::view::component!(@read part $(: $inner)? $(= $checked)?)
                    }
                )*
            }
        )*
    };
}

/// The type of a component, and how it is made.
macro_rules! component {
    (@type $life:lifetime) => { crate::value::Value<$life> };
    (@type $life:lifetime : $inner:ident) => { $inner<$life> };
    (@type $life:lifetime = Number) => { Result<Option<Number<$life>>, crate::types::TypeError> };
    (@type $life:lifetime = $checked:ident) => { Result<Option<$checked>, crate::types::TypeError> };
    (@read $part:ident) => { $part };
    (@read $part:ident : $inner:ident) => { $inner::from($part) };
    (@read $part:ident = $checked:ident) => { $checked::from_value($part) };
}

pub(crate) use {component, views};
