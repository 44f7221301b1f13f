import { headOf, type ImageBytes, isStored, wholeInMemory } from '../../../../shared/bytes/storedBytes.ts'
import { type DumpRecord, dumpRecordName, dumpRecordSchema } from '../../../../shared/dump/dumpRecord.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { ipctoolDescriptionSchema } from '../../../../shared/restore/ipctool.schema.ts'
import { isIpctoolBackup, parseIpctoolBackup } from '../../../protocols/ipctool/parser.ts'
import { partsOfBackup } from './backupParts.ts'
import { flashNames } from './flashKind.ts'
import type { ImagePart, InputTools, RawRestoreInput, RestoreInput } from './rawInput.ts'

/** Partition names, sizes and gaps are checked here; where they go is the layout's question. `gapsAllowed` with mtdparts. */
export function readInput<Bytes extends ImageBytes>(raw: RawRestoreInput<Bytes>, tools: InputTools, gapsAllowed: boolean): RestoreInput<Bytes | Uint8Array> {
  if (raw.kind === 'folder') {
    // A table that a person gives is newer than what lies in the folder.
    const record = raw.record && !gapsAllowed ? readRecord(raw.record, raw.path) : undefined
    if (!record) return fromFolder(raw, gapsAllowed)
    const input = fromFolder(raw, true)
    checkAgainst(record, input, tools)
    const { kind } = record.flash
    return { ...input, mtdparts: record.mtdparts, ...(kind === undefined ? {} : { flash: { kind, why: `${dumpRecordName} says that it was read from ${flashNames[kind]}` } }) }
  }
  if (isIpctoolBackup(headOf(raw.bytes))) return fromBackup(raw, tools)
  if (raw.bytes.length === 0) throw new WorkbenchError('input/malformed', `${raw.name} is empty`)
  const part = { name: 'flash', source: raw.name, index: 0, bytes: raw.bytes, partitionBytes: undefined }
  const image = { kind: 'image', path: raw.path, parts: [part], totalBytes: raw.bytes.length, warnings: [] } as const
  return raw.record && !gapsAllowed ? withRecord(image, readRecord(raw.record, raw.path), raw, tools) : image
}

/** What a dump says of an image: that it is whole, what it was read from, and where its partitions are. */
function withRecord<Bytes extends ImageBytes>(image: RestoreInput<Bytes>, record: DumpRecord, { bytes, name, path }: Extract<RawRestoreInput<Bytes>, { kind: 'file' }>, tools: InputTools): RestoreInput<Bytes> {
  const recordName = `${name}.${dumpRecordName}`
  const [part] = record.parts
  if (record.form !== 'image' || !part) throw new WorkbenchError('input/malformed', `${recordName} is the record of another kind of dump`, { context: { path }, hint: `Take ${recordName} away if ${name} is no dump` })
  if (part.lengthBytes !== bytes.length || sha256Of(bytes, tools) !== part.sha256) {
    throw new WorkbenchError('input/malformed', `${name} is not what was dumped: it differs from what ${recordName} says`, {
      context: { file: name }, hint: `The copy is damaged. If it was changed on purpose, take ${recordName} away and say with --flash-type and --mtdparts what it is`,
    })
  }
  const { flash } = record
  return {
    ...image, ...(record.layoutFrom === 'whole flash' ? {} : { mtdparts: record.mtdparts }),
    ...(flash.kind === undefined ? {} : { flash: { kind: flash.kind, why: `${recordName} says that it was read from ${flashNames[flash.kind]}` } }),
  }
}

export const sha256Of = (bytes: ImageBytes, tools: Pick<InputTools, 'hashHex'>): string => (isStored(bytes) ? bytes.sha256 : tools.hashHex('sha256', bytes))

const noMtdFiles = (path: string): WorkbenchError =>
  new WorkbenchError('input/not-found', `No mtd files in ${path}`, { hint: 'Choose the folder that holds mtd0, mtd1, … or one image of the whole flash' })

function fromFolder<Bytes extends ImageBytes>(raw: Extract<RawRestoreInput<Bytes>, { kind: 'folder' }>, gapsAllowed: boolean): RestoreInput<Bytes> {
  const parts: ImagePart<Bytes>[] = []
  const warnings: string[] = raw.ignored.length > 0 ? [`Left out: ${raw.ignored.slice(0, 10).join(', ')}`] : []
  for (const file of raw.files) {
    const match = /^mtd(\d{1,3})(?:\.bin)?$/.exec(file.name)
    if (!match) {
      warnings.push(`${file.name} is not named mtdN or mtdN.bin and is left out`)
      continue
    }
    const index = Number(match[1])
    const twin = parts.find((each) => each.index === index)
    if (twin) {
      throw new WorkbenchError('input/conflict', `${twin.source} and ${file.name} are both partition ${index}`, { hint: 'Keep one of the two in the folder' })
    }
    if (file.bytes.length === 0) throw new WorkbenchError('input/malformed', `${file.name} is empty`, { hint: 'An empty partition file is a failed dump; take it out or dump again' })
    parts.push({ name: `mtd${index}`, source: file.name, index, bytes: file.bytes, partitionBytes: undefined })
  }
  if (parts.length === 0) throw noMtdFiles(raw.path)
  parts.sort((a, b) => a.index - b.index)
  if (!gapsAllowed) parts.forEach((part, position) => {
    if (part.index === position) return
    throw new WorkbenchError('input/not-found', `mtd${position} is missing in ${raw.path}, so nobody knows where mtd${part.index} belongs`, {
      context: { missing: `mtd${position}` }, hint: 'Add the missing file, or say where the partitions are with --mtdparts',
    })
  })
  return { kind: 'folder', path: raw.path, parts, totalBytes: parts.reduce((sum, { bytes }) => sum + bytes.length, 0), warnings }
}

function fromBackup(raw: Extract<RawRestoreInput<ImageBytes>, { kind: 'file' }>, tools: InputTools): RestoreInput {
  const { yaml, blocks } = parseIpctoolBackup(wholeInMemory(raw.bytes, raw.name))
  const described = ipctoolDescriptionSchema.safeParse(parseYaml(yaml, tools))
  if (!described.success) {
    const [first] = described.error.issues
    throw new WorkbenchError('input/malformed', `The description in ${raw.name} is not ipctool's: ${first?.path.join('.') ?? ''} ${first?.message ?? ''}`.trim())
  }
  const [rom] = described.data.rom
  return partsOfBackup({ path: raw.path, name: raw.name, rom: rom ?? { partitions: [] }, blocks }, tools)
}

function parseYaml(text: string, tools: InputTools): unknown {
  try {
    return tools.parseYaml(text)
  } catch (cause) {
    throw new WorkbenchError('input/malformed', 'The description at the start of the backup is not YAML', { cause })
  }
}

function readRecord(bytes: Uint8Array, path: string): DumpRecord {
  const bad = (cause: unknown): WorkbenchError => new WorkbenchError('input/malformed', `${dumpRecordName} in ${path} cannot be read`, {
    cause, hint: 'Take another copy of the dump; or take the file away, and say where the partitions are with --mtdparts',
  })
  try {
    const record = dumpRecordSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
    if (record.success) return record.data
    throw bad(record.error)
  } catch (error) {
    throw error instanceof WorkbenchError ? error : bad(error)
  }
}

/** A copy that lost a part or a bit is found here, and not after it was written. */
function checkAgainst(record: DumpRecord, input: RestoreInput<ImageBytes>, tools: InputTools): void {
  for (const { file, sha256 } of record.parts) {
    const part = input.parts.find(({ source }) => source === file)
    if (!part) throw new WorkbenchError('input/not-found', `${file} is missing in ${input.path}, and ${dumpRecordName} names it`, { context: { missing: file }, hint: `Take another copy of the dump; or take ${dumpRecordName} away to restore only what is there` })
    if (sha256Of(part.bytes, tools) === sha256) continue
    throw new WorkbenchError('input/malformed', `${file} is not what was dumped: its SHA-256 differs from the one in ${dumpRecordName}`, {
      context: { file }, hint: `The copy is damaged. If it was changed on purpose, take ${dumpRecordName} away and give its layout with --mtdparts`,
    })
  }
}
