// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"errors"
	"fmt"

	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// Parse reads a document in YAML or JSON. A field that it does not know, or that is there twice, is an error: a limit
// that is misspelt would not limit anything.
func Parse(document []byte) (Config, error) {
	asJSON, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return Config{}, fmt.Errorf("neither YAML nor JSON: %w", err)
	}
	config := Default()
	if err := strictly(asJSON, &config); err != nil {
		return Config{}, err
	}
	if config.JWT != nil {
		// A second time, now into defaults: a pointer has none until the document asks for it.
		config.JWT = DefaultJWT()
		if err := strictly(asJSON, &config); err != nil {
			return Config{}, err
		}
	}
	return config, config.Validate()
}

func strictly(asJSON []byte, into *Config) error {
	strict, err := kjson.UnmarshalStrict(asJSON, into)
	if err != nil {
		return fmt.Errorf("not the document of an edge: %w", err)
	}
	return errors.Join(strict...)
}
