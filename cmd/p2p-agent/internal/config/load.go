// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxSize is the largest file read: a ConfigMap cannot be larger.
const maxSize = 1 << 20

// Load reads and checks the file at path.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	cfg, err := Parse(data)
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	return cfg, nil
}

// Parse decodes data over the defaults. It reports everything that is wrong at
// once, each line with the path of the field.
func Parse(data []byte) (Config, error) {
	cfg := Default()
	root, err := document(data)
	if err != nil {
		return Config{}, err
	}
	if root == nil {
		return cfg, cfg.Validate()
	}
	if errs := checkFields(root, "", reflect.TypeOf(cfg)); len(errs) > 0 {
		return Config{}, errors.Join(errs...)
	}
	if err := root.Decode(&cfg); err != nil {
		return Config{}, fmt.Errorf("not a valid configuration: %w", err)
	}
	return cfg, cfg.Validate()
}

// document returns the only document of data, or nil when there is none.
func document(data []byte) (*yaml.Node, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("larger than %d bytes", maxSize)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one YAML document; keep one")
	}
	root := doc.Content[0]
	if root.Tag == "!!null" {
		return nil, nil
	}
	return root, nil
}

// checkFields compares node with what t can hold and names the path of every
// field that is refused, unknown or of the wrong type. The decoder's own strict
// mode names neither the path nor the reason.
func checkFields(node *yaml.Node, path string, t reflect.Type) []error {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Tag == "!!null" {
		return nil
	}
	if t.Kind() != reflect.Struct {
		return checkValue(node, path, t)
	}
	if node.Kind != yaml.MappingNode {
		return []error{fmt.Errorf("%s: must be a section with fields (line %d)", orFile(path), node.Line)}
	}
	var errs []error
	known := fields(t)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		child := strings.TrimPrefix(path+"."+key.Value, ".")
		fieldType, ok := known[key.Value]
		switch reason := refusal(child); {
		case reason != "":
			errs = append(errs, fmt.Errorf("%s: %s (line %d)", child, reason, key.Line))
		case !ok:
			errs = append(errs, fmt.Errorf("%s: unknown field; remove it (line %d)", child, key.Line))
		default:
			errs = append(errs, checkFields(value, child, fieldType)...)
		}
	}
	return errs
}

// checkValue tries to decode a leaf, so that a type error carries its path.
func checkValue(node *yaml.Node, path string, t reflect.Type) []error {
	if err := node.Decode(reflect.New(t).Interface()); err != nil {
		return []error{fmt.Errorf("%s: wrong type, want %s (line %d)", path, describe(t), node.Line)}
	}
	return nil
}

func fields(t reflect.Type) map[string]reflect.Type {
	known := make(map[string]reflect.Type, t.NumField())
	for f := range t.Fields() {
		known[f.Tag.Get("yaml")] = f.Type
	}
	return known
}

func describe(t reflect.Type) string {
	switch {
	case t.String() == "time.Duration":
		return "a duration such as 1h"
	case t.Kind() == reflect.Slice:
		return "a list of strings"
	case t.Kind() == reflect.Map:
		return "lists of strings by name"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "a whole number"
	default:
		return "a string"
	}
}

func orFile(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}
