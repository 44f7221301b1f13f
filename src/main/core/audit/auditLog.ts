import type { AuditAct, AuditDetails, AuditEntry, AuditQuery, AuditReport } from '../../../shared/audit/audit.schema.ts'
import { toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { canonicalJson, firstPrev, type HashText, readEntry, sealEntry, verifyChain } from './auditChain.ts'

/** Where the lines are kept; each append is one step that nobody can come between, other processes included. */
export interface AuditStore {
  append(make: (last: { readonly seq: number; readonly line: string } | undefined) => { readonly seq: number; readonly line: string }): void
  lines(): string[]
  newest(count: number): string[]
  close(): void
}

export interface AuditNote {
  readonly what: AuditAct
  readonly subject: string
  readonly details?: AuditDetails
}

export interface AuditLog {
  /** On disk when it returns; throws when it cannot be. */
  append(note: AuditNote): AuditEntry
  /**
   * Written down, done, and how it ended written down. An act that cannot be written down is not done, and the error says so;
   * an end that cannot be is logged, because the act has happened.
   */
  around<T>(note: AuditNote, work: () => Promise<T>): Promise<T>
  /** How an act ended that was begun with `append`. Never throws. */
  outcome(begun: Pick<AuditEntry, 'seq' | 'subject'>, details: AuditDetails): void
  /** Newest first. */
  list(query: AuditQuery): AuditEntry[]
  verify(head?: string): AuditReport
  /** As they are hashed, for a file. */
  lines(): string[]
}

export interface AuditLogDeps {
  readonly store: AuditStore
  readonly clock: Pick<Clock, 'wallMs'>
  readonly who: AuditEntry['who']
  readonly hashText: HashText
  readonly log: (line: string) => void
}

const short = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)
const bounded = (details: AuditDetails): AuditDetails => Object.fromEntries(Object.entries(details).map(([name, value]) => [name, typeof value === 'string' ? short(value, 400) : value]))

export function createAuditLog({ store, clock, who, hashText, log }: AuditLogDeps): AuditLog {
  const append: AuditLog['append'] = ({ what, subject, details = {} }) => {
    let sealed: AuditEntry | undefined
    store.append((last) => {
      const before = last && readEntry(last.line)
      // A last entry that cannot be read is kept as it is and told by "verify"; what follows still hangs on its very text.
      const prev = before?.hash ?? (last ? hashText(last.line) : firstPrev)
      const seq = (last?.seq ?? 0) + 1
      sealed = sealEntry({ seq, atMs: clock.wallMs(), who, what, subject: short(subject, 200), details: bounded({ ...details, ...(last && !before ? { note: `entry ${last.seq} cannot be read` } : {}) }), prev }, hashText)
      return { seq, line: canonicalJson(sealed) }
    })
    if (!sealed) throw new WorkbenchError('internal/bug', 'The audit log kept an entry that was never made')
    return sealed
  }
  const outcome: AuditLog['outcome'] = ({ seq, subject }, details) => {
    try {
      append({ what: 'outcome', subject, details: { of: seq, ...details } })
    } catch (error) {
      log(`audit: how entry ${seq} ended could not be kept: ${String(error)}`)
    }
  }
  const begin: AuditLog['append'] = (note) => {
    try {
      return append(note)
    } catch (cause) {
      throw refusedFor(note, cause)
    }
  }
  return {
    append: begin, outcome,
    around: async (note, work) => {
      const begun = begin(note)
      try {
        const result = await work()
        outcome(begun, { outcome: 'done' })
        return result
      } catch (error) {
        const { code, message } = toWire(error)
        outcome(begun, { outcome: 'failed', code, why: message })
        throw error
      }
    },
    list: ({ sinceMs = -Infinity, subject, limit }) => {
      const found: AuditEntry[] = []
      // Filters look at many entries for a few; without any the newest are enough.
      for (const line of store.newest(subject === undefined ? limit : 100_000)) {
        const entry = readEntry(line)
        if (!entry || entry.atMs < sinceMs || (subject !== undefined && entry.subject !== subject)) continue
        found.push(entry)
        if (found.length >= limit) break
      }
      return found
    },
    verify: (head) => verifyChain(store.lines(), hashText, { head }),
    lines: () => store.lines(),
  }
}

function refusedFor({ what, subject }: AuditNote, cause: unknown): WorkbenchError {
  const known = cause instanceof WorkbenchError && cause.code.startsWith('host/') ? cause : undefined
  return new WorkbenchError(known?.code ?? 'host/io', `Nothing was done (${what}${subject === '' ? '' : ` of ${subject}`}): it could not be written into the audit log first. ${known?.message ?? 'The log does not answer'}`, {
    cause, context: { what }, hint: known?.hint ?? 'Look at the space and the permissions of the data folder',
  })
}

/** Entries of one process only: tests and simulated racks. */
export function createMemoryAuditStore(fault: () => void = () => undefined): AuditStore {
  const kept: { seq: number; line: string }[] = []
  return {
    append: (make) => { fault(); kept.push(make(kept.at(-1))) },
    lines: () => kept.map(({ line }) => line),
    newest: (count) => kept.toReversed().slice(0, count).map(({ line }) => line),
    close: () => undefined,
  }
}
