// SPDX-License-Identifier: Apache-2.0

package backup

import "github.com/fxamacker/cbor/v2"

// strict reads CBOR as this package writes it, with limits to what it takes for one item.
var strict = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxArrayElements: ChunkBlocks, MaxMapPairs: 16, MaxNestedLevels: 8, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	if err != nil {
		panic(err) // the options contradict each other
	}
	return mode
}()
