// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
)

const (
	store = `
apiVersion: peernode.dev/v1alpha1
kind: PeerBackupStore
metadata: {name: s3}
spec: {endpoint: "https://s3.example.com", bucket: keys, credentials: {secretName: s3-credentials}}`

	pruned = `
apiVersion: peernode.dev/v1alpha1
kind: PeerBackupStore
metadata: {name: s3}
spec: {endpoint: "https://s3.example.com", bucket: keys, credentials: {secretName: s3-credentials}, retention: {keepFor: 720h, credentials: {secretName: s3-janitor}}}`

	badEndpoint = "must be https:// and the name or address of a host"
	laterImport = "import is read at creation, and can only be taken out afterwards"
)

// reach is a store whose Jobs may talk to these.
func reach(networkPeers string) string { return `spec: {allowTo: [` + networkPeers + `]}` }

// sealedTo is a store with recipients, encrypting one that encrypts so, and locking one that has to be locked so.
func sealedTo(recipients string) string { return `spec: {recipients: ` + recipients + `}` }
func encrypting(how string) string      { return `spec: {serverSideEncryption: ` + how + `}` }
func locking(how string) string         { return `spec: {objectLock: ` + how + `}` }

// retaining is a store from which old backups are removed in such a way.
func retaining(how string) string { return `spec: {retention: ` + how + `}` }

// recordKey is one of many public keys of records.
func recordKey(i int) string { return fmt.Sprintf("peers/a%d+0a1b2c3d+%s", i, strings.Repeat("A", 44)) }

// copied is a peer whose key is copied into these stores.
func copied(stores string) string {
	return `spec: {identity: {recoveryRecipients: [age1qq], backup: {stores: ` + stores + `}}}`
}

func bucketRef(i int) string { return fmt.Sprintf("{name: s%d}", i) }

var wrongStores = map[string]wrong{
	"A store has a name that a label holds.": {store, `metadata: {name: ` + long(64) + `}`, refusals{root: "metadata.name must be at most 63 characters"}},
	"A store has a spec.":                    {store, `spec: null`, refusals{"spec": missing}},
	"A store has an endpoint.":               {store, `spec: {endpoint: null}`, refusals{"spec.endpoint": missing}},
	"An endpoint is not read by everybody.":  {store, `spec: {endpoint: "http://s3.example.com"}`, refusals{"spec.endpoint": noMatch}},
	"An endpoint has no path.":               {store, `spec: {endpoint: "https://s3.example.com/keys"}`, refusals{"spec.endpoint": noMatch}},
	"An endpoint has no password.":           {store, `spec: {endpoint: "https://user:password@s3.example.com"}`, refusals{"spec.endpoint": noMatch}},
	"An endpoint has an address.":            {store, `spec: {endpoint: "https://[2001:db8::7"}`, refusals{"spec.endpoint": badEndpoint}},
	"An endpoint has 300 characters.":        {store, `spec: {endpoint: "https://` + long(293) + `"}`, refusals{"spec.endpoint": tooLong}},
	"A region is in small letters.":          {store, `spec: {region: Zurich}`, refusals{"spec.region": noMatch}},
	"A region has 63 letters.":               {store, `spec: {region: ` + long(64) + `}`, refusals{"spec.region": tooLong}},
	"A store has a bucket.":                  {store, `spec: {bucket: null}`, refusals{"spec.bucket": missing}},
	"A bucket is in small letters.":          {store, `spec: {bucket: Keys}`, refusals{"spec.bucket": noMatch}},
	"A bucket has three letters.":            {store, `spec: {bucket: ke}`, refusals{"spec.bucket": tooShort}},
	"A bucket has 63 letters.":               {store, `spec: {bucket: ` + long(64) + `}`, refusals{"spec.bucket": tooLong}},
	"A prefix has no empty part.":            {store, `spec: {prefix: "eu//1"}`, refusals{"spec.prefix": noMatch}},
	"A prefix does not end with a slash.":    {store, `spec: {prefix: "eu/"}`, refusals{"spec.prefix": noMatch}},
	"A prefix does not lead elsewhere.":      {store, `spec: {prefix: eu/../us}`, refusals{"spec.prefix": "must have no part that is . or .."}},
	"A prefix has 256 letters.":              {store, `spec: {prefix: ` + long(257) + `}`, refusals{"spec.prefix": tooLong}},
	"A bucket is addressed in one of two ways.": {
		store, `spec: {addressing: Subdomain}`, refusals{"spec.addressing": noSuch},
	},
	"A store has credentials.":                        {store, `spec: {credentials: null}`, refusals{"spec.credentials": missing}},
	"Credentials are in a Secret.":                    {store, `spec: {credentials: {secretName: null}}`, refusals{"spec.credentials.secretName": missing}},
	"The Secret of credentials has small letters.":    {store, `spec: {credentials: {secretName: S3}}`, refusals{"spec.credentials.secretName": noMatch}},
	"The Secret of credentials has 253 letters.":      {store, `spec: {credentials: {secretName: ` + long(254) + `}}`, refusals{"spec.credentials.secretName": tooLong}},
	"Certificates are in a ConfigMap.":                {store, `spec: {ca: {key: ca.crt}}`, refusals{"spec.ca.configMapName": missing}},
	"The ConfigMap has small letters.":                {store, `spec: {ca: {configMapName: CA}}`, refusals{"spec.ca.configMapName": noMatch}},
	"The ConfigMap has 253 letters.":                  {store, `spec: {ca: {configMapName: ` + long(254) + `}}`, refusals{"spec.ca.configMapName": tooLong}},
	"A key of the ConfigMap is no path.":              {store, `spec: {ca: {configMapName: ca, key: a/b}}`, refusals{"spec.ca.key": noMatch}},
	"A key of the ConfigMap has at most 253 letters.": {store, `spec: {ca: {configMapName: ca, key: ` + long(254) + `}}`, refusals{"spec.ca.key": tooLong}},

	"Where a store is, is not everywhere.":     {store, reach(`{}`), refusals{"spec.allowTo[0]": oneKindOfPeer}},
	"Where a store is, is a range.":            {store, reach(`{ipBlock: {cidr: 10.0.0.1}}`), refusals{"spec.allowTo[0].ipBlock.cidr": badCIDR}},
	"Where a store is, is written.":            {store, reach(`{ipBlock: {except: [10.0.0.0/8]}}`), refusals{"spec.allowTo[0].ipBlock.cidr": missing}},
	"Where a store is, is short.":              {store, reach(`{ipBlock: {cidr: ` + long(50) + `}}`), refusals{"spec.allowTo[0].ipBlock.cidr": tooLong}},
	"Where a store is not, is a range.":        {store, reach(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0]}}`), refusals{"spec.allowTo[0].ipBlock.except[0]": badCIDR}},
	"Where a store is not, is short.":          {store, reach(`{ipBlock: {cidr: 10.0.0.0/8, except: [` + long(50) + `]}}`), refusals{"spec.allowTo[0].ipBlock.except[0]": tooLong}},
	"Where a store is not, is where it could.": {store, reach(`{ipBlock: {cidr: 10.0.0.0/8, except: [192.168.0.0/16]}}`), refusals{"spec.allowTo[0].ipBlock.except": outside}},
	"Where a store is not, is said once.":      {store, reach(`{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.1.0.0/16]}}`), refusals{"spec.allowTo[0].ipBlock.except[1]": twice}},
	"17 places where a store is not.": {
		store, reach(`{ipBlock: {cidr: 10.0.0.0/8, except: ` + many(17, func(i int) string { return fmt.Sprintf("10.%d.0.0/16", i) }) + `}}`),
		refusals{"spec.allowTo[0].ipBlock.except": tooMany},
	},
	"17 places where a store is.": {store, reach(repeated(17, `{podSelector: {}}`)), refusals{"spec.allowTo": tooMany}},

	"Backups are sealed to somebody.":                {store, sealedTo(`[]`), refusals{"spec.recipients": tooFew}},
	"Backups are sealed to eight.":                   {store, sealedTo(many(9, func(i int) string { return "age1q" + strings.Repeat("q", i) })), refusals{"spec.recipients": tooMany}},
	"Backups are sealed once to each.":               {store, sealedTo(`[age1qq, age1qq]`), refusals{"spec.recipients[1]": twice}},
	"Backups are sealed to public keys.":             {store, sealedTo(`[AGE-SECRET-KEY-1QQ]`), refusals{"spec.recipients[0]": noMatch}},
	"A recipient has 2048 letters.":                  {store, sealedTo(`[age1` + strings.Repeat("q", 2045) + `]`), refusals{"spec.recipients[0]": tooLong}},
	"Backups are sealed to one family of keys.":      {store, sealedTo(`[age1pq1qq, age1qq]`), refusals{"spec.recipients": "must be all hybrid (age1pq1...) or all X25519 (age1...)"}},
	"Encryption has a mode.":                         {store, encrypting(`{kmsKeyID: a}`), refusals{"spec.serverSideEncryption.mode": missing}},
	"Encryption is of one of two modes.":             {store, encrypting(`{mode: ROT13}`), refusals{"spec.serverSideEncryption.mode": noSuch}},
	"A key for encryption is that of a service.":     {store, encrypting(`{mode: AES256, kmsKeyID: a}`), refusals{"spec.serverSideEncryption.kmsKeyID": "goes with mode KMS alone"}},
	"A key for encryption has a name.":               {store, encrypting(`{mode: KMS, kmsKeyID: ""}`), refusals{"spec.serverSideEncryption.kmsKeyID": tooShort}},
	"A key for encryption has a name of one line.":   {store, encrypting(`{mode: KMS, kmsKeyID: "a\nb"}`), refusals{"spec.serverSideEncryption.kmsKeyID": noMatch}},
	"A key for encryption has 2048 letters.":         {store, encrypting(`{mode: KMS, kmsKeyID: ` + long(2049) + `}`), refusals{"spec.serverSideEncryption.kmsKeyID": tooLong}},
	"A lock has a mode.":                             {store, locking(`{period: 24h}`), refusals{"spec.objectLock.mode": missing}},
	"A lock is of one of two modes.":                 {store, locking(`{mode: LegalHold, period: 24h}`), refusals{"spec.objectLock.mode": noSuch}},
	"A lock has a period.":                           {store, locking(`{mode: Compliance}`), refusals{"spec.objectLock.period": missing}},
	"A lock is for some hours.":                      {store, locking(`{mode: Compliance, period: 30d}`), refusals{"spec.objectLock.period": noMatch}},
	"A lock is for a day.":                           {store, locking(`{mode: Compliance, period: 23h}`), refusals{"spec.objectLock.period": "must be at least 24h"}},
	"A lock is for some time.":                       {store, locking(`{mode: Compliance, period: h}`), refusals{"spec.objectLock.period": tooShort}},
	"A lock is for a time in few letters.":           {store, locking(`{mode: Compliance, period: 000024h0000m0000s0}`), refusals{"spec.objectLock.period": tooLong}},
	"A store is checked every some minutes.":         {store, `spec: {checkEvery: 4m59s}`, refusals{"spec.checkEvery": "must be at least 5m and at most 168h"}},
	"A store is checked each week.":                  {store, `spec: {checkEvery: 169h}`, refusals{"spec.checkEvery": "must be at least 5m and at most 168h"}},
	"A store is checked after some time.":            {store, `spec: {checkEvery: m}`, refusals{"spec.checkEvery": tooShort}},
	"A store is checked by the clock.":               {store, `spec: {checkEvery: hourly}`, refusals{"spec.checkEvery": noMatch}},
	"A store is checked after a time in few letters": {store, `spec: {checkEvery: 000001h0000m0000s0}`, refusals{"spec.checkEvery": tooLong}},

	"Backups are kept for some time.":             {pruned, retaining(`{keepFor: null}`), refusals{"spec.retention.keepFor": missing}},
	"Backups are kept for eight days.":            {pruned, retaining(`{keepFor: 191h}`), refusals{"spec.retention.keepFor": "must be at least 192h"}},
	"Backups are kept for some hours.":            {pruned, retaining(`{keepFor: 30d}`), refusals{"spec.retention.keepFor": noMatch}},
	"Backups are kept for a time.":                {pruned, retaining(`{keepFor: h}`), refusals{"spec.retention.keepFor": tooShort}},
	"Backups are kept for a time in few letters.": {pruned, retaining(`{keepFor: 000024h0000m0000s0}`), refusals{"spec.retention.keepFor": tooLong}},
	"The newest backup is kept.":                  {pruned, retaining(`{keepLast: -1}`), refusals{"spec.retention.keepLast": tooSmall}},
	"A thousand backups are kept.":                {pruned, retaining(`{keepLast: 1001}`), refusals{"spec.retention.keepLast": tooLarge}},
	"Old backups go each hour.":                   {pruned, retaining(`{every: 59m}`), refusals{"spec.retention.every": "must be at least 1h and at most 168h"}},
	"Old backups go each week.":                   {pruned, retaining(`{every: 169h}`), refusals{"spec.retention.every": "must be at least 1h and at most 168h"}},
	"Old backups go by some hours.":               {pruned, retaining(`{every: daily}`), refusals{"spec.retention.every": noMatch}},
	"Old backups go after some time.":             {pruned, retaining(`{every: h}`), refusals{"spec.retention.every": tooShort}},
	"Old backups go after a time in few letters.": {pruned, retaining(`{every: 000024h0000m0000s0}`), refusals{"spec.retention.every": tooLong}},
	"Who removes backups has credentials.":        {pruned, retaining(`{credentials: null}`), refusals{"spec.retention.credentials": missing}},
	"Who removes backups has a Secret.":           {pruned, retaining(`{credentials: {secretName: null}}`), refusals{"spec.retention.credentials.secretName": missing}},
	"Who removes backups has a Secret of a name.": {pruned, retaining(`{credentials: {secretName: S3}}`), refusals{"spec.retention.credentials.secretName": noMatch}},
	"Who removes backups has a Secret of 253.":    {pruned, retaining(`{credentials: {secretName: ` + long(254) + `}}`), refusals{"spec.retention.credentials.secretName": tooLong}},
	"Who writes backups does not remove them.":    {pruned, retaining(`{credentials: {secretName: s3-credentials}}`), refusals{"spec.retention.credentials.secretName": "must be another Secret than that of the store's own credentials"}},
	"Keys that are trusted are some.":             {pruned, retaining(`{trust: []}`), refusals{"spec.retention.trust": tooFew}},
	"256 keys are trusted.":                       {pruned, retaining(`{trust: ` + many(257, recordKey) + `}`), refusals{"spec.retention.trust": tooMany}},
	"A key is trusted once.":                      {pruned, retaining(`{trust: [` + recordKey(1) + `, ` + recordKey(1) + `]}`), refusals{"spec.retention.trust[1]": twice}},
	"A key that is trusted is one.":               {pruned, retaining(`{trust: [peers/alpha]}`), refusals{"spec.retention.trust[0]": noMatch}},
	"A key that is trusted has 400 letters.":      {pruned, retaining(`{trust: [` + long(401) + `]}`), refusals{"spec.retention.trust[0]": tooLong}},

	"A key is copied somewhere.":            {p2pAgent, copied(`null`), refusals{"spec.identity.backup.stores": missing}},
	"A key is copied into one store.":       {p2pAgent, copied(`[]`), refusals{"spec.identity.backup.stores": tooFew}},
	"A key is copied into four stores.":     {p2pAgent, copied(many(5, bucketRef)), refusals{"spec.identity.backup.stores": tooMany}},
	"A key is copied once into a store.":    {p2pAgent, copied(`[{name: s3}, {name: s3}]`), refusals{"spec.identity.backup.stores[1]": twice}},
	"A store for copies has a name.":        {p2pAgent, copied(`[{}]`), refusals{"spec.identity.backup.stores[0].name": missing}},
	"That name is not empty.":               {p2pAgent, copied(`[{name: ""}]`), refusals{"spec.identity.backup.stores[0].name": tooShort}},
	"That name has small letters.":          {p2pAgent, copied(`[{name: S3}]`), refusals{"spec.identity.backup.stores[0].name": noMatch}},
	"That name has 63 letters.":             {p2pAgent, copied(`[{name: ` + long(64) + `}]`), refusals{"spec.identity.backup.stores[0].name": tooLong}},
	"Somebody can open the copies of a key": {p2pAgent, `spec: {identity: {backup: {stores: [{name: s3}]}}}`, refusals{"spec.identity.backup": "needs recoveryRecipients"}},

	"An imported key is one.":                      {p2pAgent, `spec: {identity: {import: {}}}`, refusals{"spec.identity.import.envelope": missing}},
	"An imported key is not empty.":                {p2pAgent, `spec: {identity: {import: {envelope: ""}}}`, refusals{"spec.identity.import.envelope": tooShort}},
	"An imported key has 64 KiB.":                  {p2pAgent, `spec: {identity: {import: {envelope: ` + long(65537) + `}}}`, refusals{"spec.identity.import.envelope": tooLong}},
	"The peers of a fleet do not import one key.":  {peerFleet, `spec: {template: {spec: {identity: {import: {envelope: a}}}}}`, refusals{"spec.template.spec.identity": "import must be left out of the template"}},
	"Custom software has no key that is imported.": {custom, `spec: {identity: {import: {envelope: a}}}`, refusals{"spec.identity": "must not be set for software.custom"}},
}

var wrongImportChanges = map[string]wrongChange{
	"A key is not imported later.":   {p2pAgent, ``, `spec: {identity: {import: {envelope: a}}}`, refusals{"spec.identity": laterImport}},
	"An imported key is not changed": {p2pAgent, `spec: {identity: {import: {envelope: a}}}`, `spec: {identity: {import: {envelope: b}}}`, refusals{"spec.identity": laterImport}},
}

var validStores = map[string]wrong{
	"The smallest store.":               {base: store},
	"A store at an address.":            {base: store, change: `spec: {endpoint: "https://192.0.2.7:9000"}`},
	"A store at an address of IPv6.":    {base: store, change: `spec: {endpoint: "https://[2001:db8::7]:9000"}`},
	"A store with all that it can have": {base: store, change: `spec: {region: eu-central-1, prefix: clusters/eu_1.a, addressing: VirtualHost, ca: {configMapName: ca, key: bundle.pem}, allowTo: [{podSelector: {}}]}`},
	"A store for data with all that it can have": {
		base: store, change: `spec: {recipients: [age1pq1qq, age1pq1qqq], serverSideEncryption: {mode: KMS, kmsKeyID: "arn:aws:kms:eu-central-1:1:key/a"}, objectLock: {mode: Governance, period: 720h}, checkEvery: 5m}`,
	},
	"A store from which old backups go.": {base: pruned},
	"A store from which old backups go as its spec says.": {
		base: pruned, change: retaining(`{keepLast: 1000, every: 168h, trust: ` + many(256, recordKey) + `}`),
	},
	"A store for data that is sealed to eight.": {base: store, change: sealedTo(many(8, func(i int) string { return "age1q" + strings.Repeat("q", i) }))},
	"A store that encrypts with its own keys.":  {base: store, change: encrypting(`{mode: AES256}`)},
	"A key that is copied into four stores.":    {base: p2pAgent, change: copied(many(4, bucketRef))},
	"A fleet whose keys are copied.": {
		base: peerFleet, change: `spec: {template: {spec: {identity: {recoveryRecipients: [age1qq], backup: {stores: [{name: s3}]}}}}}`,
	},
	"A key that is imported, and expected.": {base: p2pAgent, change: `spec: {identity: {import: {envelope: a}, expectedPublicKey: ` + someKey + `}}`},
	"A key of 64 KiB that is imported.":     {base: p2pAgent, change: `spec: {identity: {import: {envelope: ` + long(65536) + `}}}`},
}

var validStoreChanges = map[string]validChange{
	"A store gets recipients, and a lock.":  {store, ``, `spec: {recipients: [age1qq], objectLock: {mode: Compliance, period: 24h}}`},
	"Old backups go from a store.":          {store, ``, retaining(`{keepFor: 720h, credentials: {secretName: s3-janitor}}`)},
	"Old backups go no more.":               {pruned, ``, `spec: {retention: null}`},
	"A store gets another bucket.":          {store, ``, `spec: {bucket: other-keys}`},
	"An imported key is taken out.":         {p2pAgent, `spec: {identity: {import: {envelope: a}}}`, `spec: {identity: null}`},
	"An imported key is kept.":              {p2pAgent, `spec: {identity: {import: {envelope: a}}}`, `spec: {suspend: true}`},
	"Copies of a key are wanted later.":     {p2pAgent, ``, copied(`[{name: s3}]`)},
	"Copies of a key are no longer wanted.": {p2pAgent, copied(`[{name: s3}]`), `spec: {identity: {backup: null}}`},
}
