#include "frontend/command_line/command.h"

int main(int argc, char** argv) { return gradus::command_line::main(argc, argv); }
