import type { AgentPlan } from '../../../../shared/agent/agent.schema.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import type { IdentityCheck } from '../../rack/identity.ts'
import type { DumpOutput } from '../dump/dumpBench.ts'
import type { RestoreBench } from '../restore/bench.ts'
import type { AgentStarter } from './startAgent.ts'

/** Everything that work by a flash agent needs; nothing is opened here but by `open`. */
export interface AgentBench extends Pick<RestoreBench, 'takeLease' | 'openConsole'> {
  readonly plan: AgentPlan
  readonly starter: AgentStarter
  /** Who is known there; absent: nobody asks. */
  readonly identity?: IdentityCheck | undefined
  readonly clock: Clock
  /** Of a write: as it was when the plan was made. */
  readonly image: Uint8Array | undefined
  readonly hashHex: (algorithm: 'sha256', bytes: Uint8Array) => string
  /** Asked only when something is read into a file. */
  readonly openOutput: (path: string, signal: AbortSignal) => Promise<DumpOutput>
}
