"""The product killed under load: jurors save and hand in while its processes are ended by SIGKILL, one kind after another."""
