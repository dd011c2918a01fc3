// Package exprtopic evaluates topics.
package exprtopic

import _ "github.com/expr-lang/expr"
