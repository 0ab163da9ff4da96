// A language server: what an editor shows of a program while it is being written (LSP 3.17).
#pragma once

namespace gradus::language_server {

// Serves the client that writes to `input` and reads from `output` until it says `exit`, or its input ends.
// The exit code of the process: 0 if the client has said `shutdown` before, otherwise 1.
int serve(int input, int output);

}  // namespace gradus::language_server
