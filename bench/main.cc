// The levee-bench command.
int main() { return 0; }
