import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type FirmwareImage, firmwareImageSchema, type ReleaseRow, releaseRowSchema } from '../../../../shared/ota/registry.schema.ts'
import type { RegistryRows } from '../../../../shared/ota/registryStore.ts'
import { guarded, inTransaction, limitDatabase, openDatabase } from '../sqliteFile.ts'

const what = 'registry'
// A version's bytes and what was once released are facts; the triggers keep accidents away.
const schema = `
  CREATE TABLE images (
    product TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, compile_time TEXT, origin TEXT NOT NULL, at_ms REAL NOT NULL,
    PRIMARY KEY (product, version)
  ) STRICT;
  CREATE TRIGGER images_stay BEFORE UPDATE ON images BEGIN SELECT RAISE(ABORT, 'an image is never changed'); END;
  CREATE TABLE releases (
    number INTEGER PRIMARY KEY AUTOINCREMENT, product TEXT NOT NULL, channel TEXT NOT NULL, version TEXT, percent INTEGER NOT NULL,
    chosen TEXT NOT NULL, at_ms REAL NOT NULL, who TEXT NOT NULL
  ) STRICT;
  CREATE INDEX channels ON releases (product, channel, number);
  CREATE TRIGGER releases_stay BEFORE UPDATE ON releases BEGIN SELECT RAISE(ABORT, 'releases are only appended to'); END;
  CREATE TRIGGER releases_remain BEFORE DELETE ON releases BEGIN SELECT RAISE(ABORT, 'releases are only appended to'); END;
  CREATE TABLE members (product TEXT NOT NULL, node TEXT NOT NULL, chosen TEXT NOT NULL, PRIMARY KEY (product, node)) STRICT;
`

type Row = Readonly<Record<string, unknown>>
const imageOf = (row: Row): FirmwareImage => firmwareImageSchema.parse({
  product: row['product'], version: row['version'], sha256: row['sha256'], sizeBytes: row['size'], origin: row['origin'], atMs: row['at_ms'],
  ...(row['compile_time'] === null ? {} : { compileTime: row['compile_time'] }),
})
const releaseOf = (row: Row): ReleaseRow => releaseRowSchema.parse({
  number: row['number'], product: row['product'], channel: row['channel'], percent: row['percent'], groups: JSON.parse(String(row['chosen'])), atMs: row['at_ms'], who: row['who'],
  ...(row['version'] === null ? {} : { version: row['version'] }),
})

export function openSqliteRegistry(file: string, { maxBytes }: { readonly maxBytes?: number | undefined } = {}): RegistryRows {
  const database = openDatabase(file, { what, schema, version: 1 })
  if (maxBytes !== undefined) limitDatabase(database, maxBytes)
  const find = database.prepare('SELECT * FROM images WHERE product = ? AND version = ?')
  const putImage = database.prepare('INSERT INTO images (product, version, sha256, size, compile_time, origin, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)')
  const newest = database.prepare('SELECT * FROM releases WHERE product = ? AND channel = ? ORDER BY number DESC LIMIT 1')
  const putRow = database.prepare('INSERT INTO releases (product, channel, version, percent, chosen, at_ms, who) VALUES (?, ?, ?, ?, ?, ?, ?)')
  const allImages = database.prepare('SELECT * FROM images')
  const allRows = database.prepare('SELECT * FROM releases ORDER BY number')
  const allMembers = database.prepare('SELECT product, node, chosen FROM members')
  const putMember = database.prepare('INSERT OR REPLACE INTO members (product, node, chosen) VALUES (?, ?, ?)')
  const dropMember = database.prepare('DELETE FROM members WHERE product = ? AND node = ?')
  const dataVersion = database.prepare('PRAGMA data_version')
  const seenVersion = (): number => Number(dataVersion.get()?.['data_version'])
  let seen = seenVersion()

  const addImage = (image: FirmwareImage): FirmwareImage => {
    const row = find.get(image.product, image.version)
    if (row) {
      const known = imageOf(row)
      if (known.sha256 === image.sha256) return known
      throw new WorkbenchError('input/conflict', `${image.product} ${image.version} is there already with other bytes`, { context: { version: image.version, reason: 'OtherBytes' }, hint: 'A version is never given twice; raise it' })
    }
    putImage.run(image.product, image.version, image.sha256, image.sizeBytes, image.compileTime ?? null, image.origin, image.atMs)
    return image
  }
  return {
    images: () => guarded(file, () => allImages.all().map(imageOf), what),
    addImage: (image) => guarded(file, () => inTransaction(database, () => addImage(image)), what),
    rows: () => guarded(file, () => allRows.all().map(releaseOf), what),
    addRow: ({ product, channel }, make) => guarded(file, () => inTransaction(database, () => {
      const last = newest.get(product, channel)
      const before = last && releaseOf(last)
      const made = make(before)
      if (!made) return before && { row: before, changed: false }
      putRow.run(made.product, made.channel, made.version ?? null, made.percent, JSON.stringify(made.groups), made.atMs, made.who)
      const row = newest.get(product, channel)
      if (!row) throw new WorkbenchError('internal/bug', 'A release that was written cannot be read back')
      return { row: releaseOf(row), changed: true }
    }), what),
    groups: () => guarded(file, () => allMembers.all().map((row) => ({ product: String(row['product']), node: String(row['node']), group: String(row['chosen']) })), what),
    setGroup: (product, node, group) => { guarded(file, () => { if (group === undefined) dropMember.run(product, node); else putMember.run(product, node, group) }, what) },
    wasChangedElsewhere: () => guarded(file, () => {
      const now = seenVersion()
      const changed = now !== seen
      seen = now
      return changed
    }, what),
    close: () => { if (database.isOpen) database.close() },
  }
}
