#include "frontend/language/syntax.h"
