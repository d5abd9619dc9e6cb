use kiln_hl7::{Index, Kernel, Message, ParseError};

/// Every kernel that this processor can run gives the same message, or the same error.
pub fn kernels(input: &[u8]) {
    let kernels = Kernel::available();
    let expected = read(kernels[kernels.len() - 1], input);
    for kernel in &kernels[..kernels.len() - 1] {
        assert_eq!(read(*kernel, input), expected, "{}", kernel.name());
    }
}

/// Where each segment and field lies, in order.
fn read(kernel: Kernel, bytes: &[u8]) -> Result<Vec<(usize, usize)>, ParseError> {
    let mut index = Index::with_kernel(kernel);
    let message = Message::parse(bytes, &mut index)?;
    let mut places = Vec::new();
    for segment in message.segments() {
        places.push((segment.offset(), segment.raw().len()));
        places.extend(
            segment
                .fields()
                .map(|field| (field.offset(), field.raw().len())),
        );
    }
    Ok(places)
}
