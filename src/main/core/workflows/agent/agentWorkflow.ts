import { type FlashMap, findingsOf } from '../../../../shared/agent/flashMap.ts'
import { hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { checkRange, geometryOf } from '../../agent/agentAnswers.ts'
import { examineFlash, mapOf } from '../../agent/flashDoctor.ts'
import { identityFacts, judgeIdentity, norSize } from '../../rack/identity.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import { runPhase } from '../phase.ts'
import type { RestoreContext } from '../restore/bench.ts'
import type { AgentBench } from './agentBench.ts'
import { changeFlash } from './changeFlash.ts'
import { hearRestart } from './hearRestart.ts'
import { readToFile } from './readToFile.ts'
import { saveReadable } from './saveReadable.ts'
import { type RunningAgent, startAgent, startLimitMs } from './startAgent.ts'

/** A scan looks at each sector twice; an agent without one is asked for two sums of each. */
const examineLimitMs = (flashBytes: number): number => 300_000 + flashBytes / 10
const sumLimitMs = (lengthBytes: number): number => 120_000 + lengthBytes / 50

/** Resolves when what was asked for is done and proved by the agent itself. */
export async function runAgent(bench: AgentBench, context: RestoreContext): Promise<{ readonly verdict: 'done and proved' | 'examined, not healthy' }> {
  const { request } = bench.plan
  const console = await runPhase(context, { name: 'check', cancel: 'anytime', limitMs: 60_000, work: async (signal) => prepare(bench, context, signal) })
  context.cleanup.add('record the console', async () => { context.tell({ type: 'console-excerpt', text: console.tail() }) })
  const agent = await runPhase(context, {
    name: 'agent', cancel: 'anytime', limitMs: startLimitMs(bench.starter),
    work: async (signal) => startAgent(bench, context, console, 'agent', signal),
    note: ({ info }) => `version ${info.version}`,
  })
  const changes = request.work.kind === 'write' || request.work.kind === 'erase'
  if (bench.identity) judgeIdentity(bench.identity, identityFacts({ jedecId: agent.info.jedecId, flashSize: norSize(agent.info.flashKind, agent.info.flashBytes) }), context.tell, changes)
  const map = await doWork(bench, context, agent)
  if (request.reboot) await runPhase(context, { name: 'reset', cancel: 'anytime', limitMs: 60_000, work: async (signal) => restart(bench, agent, signal), note: (words) => (words === '' ? 'its boot ROM asks for a program' : words) })
  // The work went well either way; green would say that of the flash.
  return { verdict: map && findingsOf(map).verdict !== 'healthy' ? 'examined, not healthy' : 'done and proved' }
}

const restart = async ({ clock }: AgentBench, { client, console }: RunningAgent, signal: AbortSignal): Promise<string> => {
  await client.reboot(signal)
  return hearRestart(console, clock, signal)
}

async function prepare(bench: AgentBench, context: RestoreContext, signal: AbortSignal): Promise<WorkConsole> {
  const lease = await bench.takeLease(signal)
  context.cleanup.add('free the camera for others', async () => lease.release())
  const console = await bench.openConsole(signal)
  context.cleanup.add('give the console back', async (undoSignal) => console.release(undoSignal))
  return console
}

async function doWork(bench: AgentBench, context: RestoreContext, agent: RunningAgent): Promise<FlashMap | undefined> {
  const { work } = bench.plan.request
  switch (work.kind) {
    case 'info': return undefined
    case 'read': await readToFile(bench, context, agent, { ...rangeOf(agent, work), path: work.outputPath }); return undefined
    case 'crc': await sum(context, agent, rangeOf(agent, work)); return undefined
    case 'examine': return examine(bench, context, agent, work.savePath)
    case 'memory': await measure(context, agent, work); return undefined
    case 'write': case 'erase': {
      const [planned] = bench.plan.partitions
      if (!planned || (work.kind === 'write') !== (bench.image !== undefined)) throw new WorkbenchError('internal/bug', 'The plan does not say what to change')
      await changeFlash({ agent, planned, image: bench.image }, context)
      return undefined
    }
  }
}

/** Without a length: up to the end of the flash, which only the agent knows. */
function rangeOf({ info }: RunningAgent, { offsetBytes, lengthBytes }: { readonly offsetBytes: number; readonly lengthBytes?: number | undefined }): { readonly offsetBytes: number; readonly lengthBytes: number } {
  const flash = geometryOf(info, false)
  const whole = { offsetBytes, lengthBytes: lengthBytes ?? flash.flashBytes - offsetBytes }
  checkRange(flash, whole.offsetBytes, whole.lengthBytes, false)
  return whole
}

async function sum(context: RestoreContext, { client, info }: RunningAgent, range: { readonly offsetBytes: number; readonly lengthBytes: number }): Promise<void> {
  const crc = await runPhase(context, {
    name: 'sum', cancel: 'anytime', limitMs: sumLimitMs(range.lengthBytes),
    work: async (signal) => client.crc32(info.flashWindow + range.offsetBytes, range.lengthBytes, signal),
    note: (found) => `crc32 ${hexCrc(found)}`,
  })
  context.tell({ type: 'range-summed', range: { ...range, crc32: hexCrc(crc) } })
}

/** 0 leaves it to the agent, which knows where its own code lies. */
async function measure(context: RestoreContext, { client }: RunningAgent, { lengthBytes = 0, iterations = 0 }: { readonly lengthBytes?: number | undefined; readonly iterations?: number | undefined }): Promise<void> {
  const { address, lengthBytes: measuredBytes, iterations: rounds, timerHz, fillTicks, readTicks, copyTicks } = await runPhase(context, {
    name: 'memory', cancel: 'anytime', limitMs: 60_000,
    work: async (signal) => client.memoryBandwidth({ lengthBytes, iterations, address: 0 }, signal),
    note: (found) => `${found.iterations} times ${found.lengthBytes} bytes`,
  })
  context.tell({ type: 'memory-measured', memory: { address, lengthBytes: measuredBytes, iterations: rounds, timerHz, fillTicks, readTicks, copyTicks } })
}

async function examine(bench: AgentBench, context: RestoreContext, agent: RunningAgent, savePath: string | undefined): Promise<FlashMap> {
  const { client, info } = agent
  const health = await runPhase(context, {
    name: 'examine', cancel: 'anytime', limitMs: examineLimitMs(info.flashBytes),
    work: async (signal) => examineFlash(client, signal, (doneBytes, totalBytes) => {
      context.tell({ type: 'phase-progressed', phase: 'examine', step: 'looking at sectors', doneBytes, totalBytes })
    }),
    note: ({ method }) => `by ${method}`,
  })
  const map = mapOf(health)
  context.tell({ type: 'flash-examined', map })
  if (savePath !== undefined) await saveReadable(bench, context, agent, health, savePath)
  return map
}
