// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// verdict prints what a check has found, and leaves that, or one line of error, in the termination log as well.
func verdict(c *cobra.Command, termination string, found any, err error) error {
	if err != nil {
		return errors.Join(err, terminate(termination, func(f *os.File) error {
			_, err := fmt.Fprintln(f, oneLine(err))
			return err
		}))
	}
	if err := terminate(termination, func(f *os.File) error { return printJSON(f, found) }); err != nil {
		return err
	}
	return printJSON(c.OutOrStdout(), found)
}

func terminationFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "termination-log", "", "also write the result, or one line of error, to this file")
}

// terminate writes to the termination log. Kubernetes has made the file; where
// it has not (a try on a desk) it is made.
func terminate(path string, write func(*os.File) error) error {
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("open the termination log: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write the termination log: %w", err)
	}
	return nil
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
