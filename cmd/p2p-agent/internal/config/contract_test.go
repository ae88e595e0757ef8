// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The contract is what an author of another agent reads, so it must not fall
// behind the code.
func TestTheContractNamesEveryField(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/p2p-agent-contract.md")
	if err != nil {
		t.Fatal(err)
	}
	contract := string(text)
	for _, path := range leafPaths("", reflect.TypeFor[Config]()) {
		if !strings.Contains(contract, "| `"+path+"` |") {
			t.Errorf("the honoured field %s is not in the contract", path)
		}
	}
	for _, r := range Refusals() {
		if !strings.Contains(contract, "| `"+r.Path+"` | "+r.Reason+" |") {
			t.Errorf("the refused field %s is not in the contract with its reason", r.Path)
		}
	}
	for _, name := range SecurityMetrics {
		if !strings.Contains(contract, "| `"+name+"` |") {
			t.Errorf("the metric %s is not in the contract", name)
		}
	}
}

func leafPaths(path string, t reflect.Type) []string {
	if t.Kind() != reflect.Struct {
		return []string{path}
	}
	var paths []string
	for name, field := range fields(t) {
		paths = append(paths, leafPaths(strings.TrimPrefix(path+"."+name, "."), field)...)
	}
	return paths
}
