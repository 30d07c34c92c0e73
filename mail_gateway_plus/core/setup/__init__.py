"""What mail providers need, and what is wrong with settings before they are tried."""
