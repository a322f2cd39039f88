"""What people use beyond one command: each room stands on the runtime, none on another."""
