import { type AuditEntry, auditEntrySchema, type AuditReport } from '../../../shared/audit/audit.schema.ts'

export type HashText = (text: string) => string

export const firstPrev = '0'.repeat(64)

/** One text for one value: keys in order of their code units, no blanks. What is not written like this was changed by somebody. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  // A plain comparison of code units, which no locale changes.
  const fields = Object.entries(value).filter(([, each]) => each !== undefined).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${fields.map(([name, each]) => `${JSON.stringify(name)}:${canonicalJson(each)}`).join(',')}}`
}

/** An entry with its hash, which covers everything else, the hash of the entry before included. */
export const sealEntry = (body: Omit<AuditEntry, 'hash'>, hashText: HashText): AuditEntry => ({ ...body, hash: hashText(canonicalJson(body)) })

/** `undefined` for a line that is no entry, or not written as we write. */
export function readEntry(line: string): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const entry = auditEntrySchema.safeParse(value)
    return entry.success && canonicalJson(value) === line ? entry.data : undefined
  } catch {
    // Not even JSON.
    return undefined
  }
}

/** Why this line cannot stand behind `before`, in words; `undefined` when it can. */
function wrongWith(line: string, before: AuditEntry | undefined, hashText: HashText): { readonly why: string } | { readonly entry: AuditEntry } {
  const entry = readEntry(line)
  const seq = (before?.seq ?? 0) + 1
  if (!entry) return { why: 'it is no entry, or was written by another program' }
  if (entry.seq !== seq) return { why: `it is number ${entry.seq} in the place of ${seq}: entries were removed, added or moved` }
  const { hash, ...body } = entry
  if (hashText(canonicalJson(body)) !== hash) return { why: 'its content does not fit its hash: it was changed' }
  if (entry.prev !== (before?.hash ?? firstPrev)) return { why: 'it does not follow the entry before it: one of the two was replaced' }
  return { entry }
}

/**
 * The whole chain, from its first line. `head` is the hash of an entry that was noted elsewhere: without it nobody can tell
 * whether the last entries were cut off. `isWhole`: the last line came to its end.
 */
export function verifyChain(lines: Iterable<string>, hashText: HashText, { head, isWhole = true }: { readonly head?: string | undefined; readonly isWhole?: boolean } = {}): AuditReport {
  const all = [...lines]
  const torn = isWhole ? undefined : all.pop()
  let last: AuditEntry | undefined
  let isHeadSeen = head === undefined
  const reportOf = (state: AuditReport['state'], why?: string): AuditReport =>
    ({ state, entries: last?.seq ?? 0, head: last?.hash ?? firstPrev, ...(why === undefined ? {} : { seq: (last?.seq ?? 0) + 1, why }) })
  for (const line of all) {
    const checked = wrongWith(line, last, hashText)
    if ('why' in checked) return reportOf('broken', checked.why)
    last = checked.entry
    if (last.hash === head) isHeadSeen = true
  }
  if (!isHeadSeen && head !== firstPrev) return reportOf('broken', 'the entry with the noted hash is not in the log: what came last was cut off, or the log was written anew')
  if (torn !== undefined) return reportOf('torn', `the last line is not whole (${torn.length} characters): a program ended while it wrote, or the file was cut`)
  return reportOf('ok')
}

/** A file of lines; bytes that are no text are a change like any other. */
export function verifyFile(bytes: Uint8Array, hashText: HashText, head?: string): AuditReport {
  let text: string
  try {
    // A mark at the beginning is a byte that we did not write, and must not vanish.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { state: 'broken', entries: 0, head: firstPrev, seq: 1, why: 'the file holds bytes that are no text' }
  }
  const lines = text.split('\n')
  const rest = lines.pop() ?? ''
  return verifyChain(rest === '' ? lines : [...lines, rest], hashText, { head, isWhole: rest === '' })
}
