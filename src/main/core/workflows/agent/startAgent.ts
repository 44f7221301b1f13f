import type { AgentFacts } from '../../../../shared/agent/agent.schema.ts'
import { type Clock, withDeadline } from '../../../../shared/lifecycle/clock.ts'
import type { AgentInfo } from '../../../protocols/agent/frame.ts'
import { type AgentClient, createAgentClient, waitForAgent } from '../../agent/agentClient.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import type { RestoreContext, Starter } from '../restore/bench.ts'
import { uploadOnce } from '../restore/bringUp.ts'

/** The highest rate that was proved on real boards. */
const fastBaudRate = 921_600
/** A pod takes 200 s at most for its upload, READY and INFO come within a minute. */
const answerLimitMs = 120_000
const podLimitMs = 200_000
/** Less than an undo has. */
const slowDownLimitMs = 8_000

/** `running`: one that was started before; nothing is loaded and no power is switched. */
export type AgentStarter = Exclude<Starter, { method: 'manual' }> | { readonly method: 'running' }

export interface RunningAgent {
  readonly client: AgentClient
  readonly info: AgentInfo
  /** What the agent is spoken to by. */
  readonly console: WorkConsole
}

export function startLimitMs(starter: AgentStarter): number {
  if (starter.method === 'running') return answerLimitMs
  return answerLimitMs + (starter.method === 'pod' ? podLimitMs : starter.limitMs)
}

/** Resolves when the agent has told its INFO; that the upload went through is no proof that it runs. */
export async function startAgent({ starter, clock }: { readonly starter: AgentStarter; readonly clock: Clock }, context: RestoreContext, console: WorkConsole, phase: string, signal: AbortSignal): Promise<RunningAgent> {
  const started = await lineOf(starter, context, console, phase, signal)
  const client = createAgentClient({ transport: started, clock, fastBaudRate, onNote: (message) => { context.tell({ type: 'noted', level: 'info', message }) } })
  context.cleanup.add('slow the flash agent down again', async () => { await slowDown(client, context, clock) })
  const info = await (starter.method === 'running' ? client.info(signal) : waitForAgent(client, signal))
  context.tell({ type: 'agent-answered', agent: factsOf(info) })
  return { client, info, console: started }
}

async function lineOf(starter: AgentStarter, context: RestoreContext, console: WorkConsole, phase: string, signal: AbortSignal): Promise<WorkConsole> {
  if (starter.method !== 'running') return uploadOnce({ starter }, context, console, signal, phase)
  await console.attach(signal)
  return console
}

/** An agent that does not follow goes back by itself or with its power; the console itself is put back in any case. */
async function slowDown(client: AgentClient, context: RestoreContext, clock: Clock): Promise<void> {
  try {
    await withDeadline(clock, slowDownLimitMs, 'slowing the flash agent down', new AbortController().signal, async (signal) => client.release(signal))
  } catch {
    // Whatever it was: nobody can do more about it than read this.
    context.tell({ type: 'noted', level: 'warning', message: 'The flash agent may still be at its faster rate: it goes back after half a minute of silence, or when the camera is switched off' })
  }
}

const factsOf = ({ version, jedecId, flashKind, flashBytes, sectorBytes, ramBase, flashWindow, capabilities }: AgentInfo): AgentFacts =>
  ({ version, jedecId, flashKind, flashBytes, sectorBytes, ramBase, flashWindow, capabilities: [...capabilities] })
