import { type CauseClass, causeClassSchema, type RetryRule } from '../../../shared/batch/batchPlan.schema.ts'
import type { ErrorCode, WireError } from '../../../shared/errors/workbenchError.ts'

export interface Cause {
  readonly cause: CauseClass
  /** What it was concluded from, in one sentence. */
  readonly evidence: string
}

/** What a console says only for one reason. In this order: a kernel that panics over a bad block has a bad block. */
const marks: readonly { readonly cause: CauseClass; readonly mark: RegExp }[] = [
  { cause: 'power', mark: /under-?voltage|brown-?out/i },
  { cause: 'board', mark: /uncorrectable|ECC error|bad block table not found|DDR training (?:error|fail)/i },
  { cause: 'network', mark: /ARP Retry count exceeded|TFTP error|No link\b|PHY (?:not found|is not linked)/i },
  { cause: 'firmware', mark: /Kernel panic - not syncing|Unable to mount root fs|Bad (?:Magic Number|Data CRC|Linux ARM)|Oops\b|init: .*(?:respawning too fast|failed)/i },
]
const maxLine = 160

/** By what the error says; `undefined` where it can mean several things and the console has the last word. */
function ofCode(code: ErrorCode): CauseClass | undefined {
  switch (code) {
    case 'input/malformed': case 'input/not-found': case 'input/not-supported': case 'input/too-large': case 'input/conflict': case 'input/missing-file':
    case 'host/port-in-use': case 'host/no-permission': case 'host/disk-full': case 'host/io':
    case 'pod/busy': case 'pod/not-a-pod': case 'pod/no-room': case 'pod/refused': case 'link/unreachable':
    case 'job/past-point-of-no-return': case 'job/impossible-event': case 'job/interrupted': case 'internal/bug': return 'infrastructure'
    case 'link/closed': case 'link/garbled': case 'link/gap': case 'device/too-much-output': return 'cable or UART'
    case 'pod/no-power-control': case 'pod/wrong-power-state': return 'power'
    case 'device/no-network': return 'network'
    case 'pod/boot-failed': case 'device/wrong-content': case 'device/no-space': case 'device/wrong-identity': case 'device/unknown-command': case 'device/refused':
    case 'device/not-found': case 'device/exists': case 'device/recovery-incomplete': return 'board'
    case 'device/no-answer': case 'device/not-booted': case 'link/timeout': case 'job/undo-failed': return undefined
  }
}

/** What the person who wrote the plan has to mend comes out the same at every try. */
export const isWorthRetry = (code: ErrorCode): boolean => !code.startsWith('input/') && code !== 'internal/bug' && code !== 'host/no-permission'

const lineWith = (excerpt: string, mark: RegExp): string | undefined => excerpt.split('\n').findLast((line) => mark.test(line))?.trim().slice(0, maxLine)

/** The class of an error and why. What a console said is evidence only where the error alone could mean several things. */
export function causeOf(error: WireError, excerpt: string): Cause {
  // A check of ours has looked and says what it found.
  const told = causeClassSchema.safeParse(error.context['cause'])
  if (told.success) return { cause: told.data, evidence: error.message.slice(0, 500) }
  const known = ofCode(error.code)
  if (known !== undefined) return { cause: known, evidence: `${error.code}: ${error.message}`.slice(0, 500) }
  for (const { cause, mark } of marks) {
    const line = lineWith(excerpt, mark)
    if (line !== undefined) return { cause, evidence: `The console said "${line}"` }
  }
  if (error.code === 'device/not-booted' && excerpt.trim() !== '') return { cause: 'firmware', evidence: 'The console talked after the reset and never came to a login prompt' }
  if (excerpt.trim() === '') return { cause: 'unknown', evidence: `The console said nothing at all (${error.code})` }
  return { cause: 'unknown', evidence: `${error.code}: ${error.message}`.slice(0, 500) }
}

/** A bench that stumbles is asked again for a while; a camera or its cable once more; firmware is judged by what it did. */
const standardRules: Readonly<Record<CauseClass, RetryRule>> = {
  'infrastructure': { attempts: 4, firstWaitMs: 5_000, factor: 4, maxWaitMs: 300_000 },
  'cable or UART': { attempts: 2, firstWaitMs: 5_000, factor: 2, maxWaitMs: 60_000 },
  'power': { attempts: 2, firstWaitMs: 10_000, factor: 2, maxWaitMs: 60_000 },
  'network': { attempts: 2, firstWaitMs: 5_000, factor: 2, maxWaitMs: 60_000 },
  'board': { attempts: 1, firstWaitMs: 0, factor: 1, maxWaitMs: 0 },
  'firmware': { attempts: 1, firstWaitMs: 0, factor: 1, maxWaitMs: 0 },
  'unknown': { attempts: 1, firstWaitMs: 0, factor: 1, maxWaitMs: 0 },
}

export const ruleFor = (rules: Readonly<Partial<Record<CauseClass, RetryRule>>>, cause: CauseClass): RetryRule => rules[cause] ?? standardRules[cause]

/** Before try number `tries + 1` of that class; `undefined` when it has had all its tries. */
export function waitBeforeRetry({ attempts, firstWaitMs, factor, maxWaitMs }: RetryRule, tries: number): number | undefined {
  return tries >= attempts ? undefined : Math.min(maxWaitMs, firstWaitMs * factor ** (tries - 1))
}
