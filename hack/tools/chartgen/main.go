// SPDX-License-Identifier: Apache-2.0

// Program chartgen writes the parts of the Helm chart that follow from config/: the kinds and the roles. The rest of
// the chart is written by hand; this package's tests hold all of it against what kustomize builds from config/.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	root := flag.String("root", ".", "folder of the repository, with config and charts in it")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "chartgen:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	return write(root, files)
}
