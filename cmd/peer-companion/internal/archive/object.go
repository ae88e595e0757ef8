// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/rand"
	"io"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// object is a sealed segment on its way into the bucket.
type object struct {
	*backup.SegmentWriter

	name   string
	sealed io.WriteCloser
	upload *bucket.Upload
}

func (a Archive) newObject(ctx context.Context, to []seal.Recipient, l backup.Label) (*object, error) {
	name, err := backup.NewObjectName(rand.Reader)
	if err != nil {
		return nil, err
	}
	upload, err := a.Bucket.Upload(ctx, a.Lanes, a.data(name))
	if err != nil {
		return nil, err
	}
	o := &object{name: name, upload: upload}
	if o.sealed, err = seal.Stream(upload, to); err == nil {
		o.SegmentWriter, err = backup.NewSegmentWriter(o.sealed, l)
	}
	if err != nil {
		upload.Abort()
		return nil, err
	}
	return o, nil
}

// end writes the end of the segment. What is left to do then is to commit, which takes a while.
func (o *object) end() error {
	if err := o.SegmentWriter.Close(); err != nil {
		return err
	}
	return o.sealed.Close()
}

// commit makes the object appear in the bucket.
func (o *object) commit() (backup.Object, error) {
	object, err := o.upload.Commit()
	object.Name = o.name
	return object, err
}

// frames cuts a stream into frames of a segment.
type frames struct {
	to     *object
	packer *backup.Packer
	plain  []byte
	space  []byte
}

func (f *frames) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		room := min(len(p), backup.ChunkSize-len(f.plain))
		f.plain = append(f.plain, p[:room]...)
		p = p[room:]
		if len(f.plain) == backup.ChunkSize {
			if err := f.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (f *frames) flush() error {
	if len(f.plain) == 0 {
		return nil
	}
	frame := f.packer.Pack(f.plain, f.space)
	err := f.to.Append(frame)
	f.plain = f.plain[:0]
	return err
}
