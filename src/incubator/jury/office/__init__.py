"""The jury's office: criteria and rules, rounds and their jury, from the draft to the lock and to what takes two organisers."""
