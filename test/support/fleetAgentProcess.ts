/** Run as a program: the agent of a screen that loses its power at a given moment. Its clock runs faster, so that 150 s end within a test. */
import { runFleetAgent } from '../../src/main/composition/fleetAgentService.ts'
import { createScaledClock, createSystemClock } from '../../src/main/drivers/host/systemClock.ts'

export interface AgentProcessOptions {
  readonly broker: string
  readonly client: string
  readonly statePath: string
  readonly helper: string
  readonly bootIdPath: string
  readonly speed: number
  /** With the n-th writing of the state, counted from 1 in this process. */
  readonly killAt?: { readonly save: number; readonly when: 'before' | 'after' }
}

const options = JSON.parse(process.argv[2] ?? '{}') as AgentProcessOptions
const die = (): void => { process.kill(process.pid, 'SIGKILL') }
const over = new AbortController()
process.once('SIGTERM', () => { over.abort(new Error('told to end')) })
let saves = 0
await runFleetAgent({
  broker: options.broker, client: options.client, statePath: options.statePath, helper: options.helper, bootIdPath: options.bootIdPath, environment: process.env,
  tell: (news) => { process.stdout.write(`${JSON.stringify(news)}\n`) }, log: (line) => { process.stderr.write(`${line}\n`) },
}, {
  clock: createScaledClock(createSystemClock(), options.speed), firstPauseMs: 50,
  storeOf: (store) => ({
    save: async (state) => {
      saves += 1
      if (options.killAt?.save === saves && options.killAt.when === 'before') die()
      await store.save(state)
      if (options.killAt?.save === saves && options.killAt.when === 'after') die()
    },
  }),
}, over.signal)
