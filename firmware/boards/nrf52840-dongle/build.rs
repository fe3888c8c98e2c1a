//! Tells the linker and the code what the board's file says.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    keyfob_board::build()
}
