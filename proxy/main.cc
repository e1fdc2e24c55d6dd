// The levee command.
int main() {
  return 0;
}
