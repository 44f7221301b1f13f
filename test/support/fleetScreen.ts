import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AgentState } from '../../src/shared/fleet/agentState.schema.ts'
import { screen } from './fleetAgentRig.ts'
import type { AgentProcessOptions } from './fleetAgentProcess.ts'

export interface FleetScreen {
  readonly folder: string
  readonly statePath: string
  readonly helper: string
  readonly bootIdPath: string
  /** The agent as a process of its own. */
  start(more?: Partial<AgentProcessOptions>): ChildProcess
  ended(child: ChildProcess): Promise<string>
  kill(child: ChildProcess): Promise<void>
  /** One line for each call of the helper: its arguments. */
  calls(): Promise<readonly string[]>
  state(): Promise<AgentState>
  /** What the kernel does at each start. */
  reboot(): Promise<void>
}

/** What the helper does after it has noted its arguments, one a line between bars. */
export const helperConducts = {
  works: 'exit 0',
  /** The computer restarts under everybody's feet. */
  reboots: 'echo "b0070002-$$" > "$(dirname "$0")/boot_id"; kill -9 $PPID; exit 0',
  killsAgent: 'kill -9 $PPID; exit 0',
  fails: 'echo "not today" >&2; exit 1',
  hangs: 'sleep 60',
} as const
export type HelperConduct = keyof typeof helperConducts

/** A computer in a folder: its boot id, its helper and the state of its agent. */
export async function openFleetScreen(broker: string, conduct: HelperConduct = 'works'): Promise<FleetScreen> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-screen-'))
  const [helper, bootIdPath, statePath] = [join(folder, 'helper'), join(folder, 'boot_id'), join(folder, 'state.json')]
  await writeFile(bootIdPath, 'b0070001-0\n')
  await writeFile(helper, `#!/bin/sh\n{ for each in "$@"; do printf '[%s]' "$each"; done; echo; } >> "$(dirname "$0")/calls"\n${helperConducts[conduct]}\n`)
  await chmod(helper, 0o755)
  const children: ChildProcess[] = []
  let boots = 0
  const ended: FleetScreen['ended'] = async (child) => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.signalCode ?? String(child.exitCode))
    else child.once('exit', (code, killedBy) => { resolve(killedBy ?? String(code)) })
  })
  onTestFinished(async () => {
    for (const child of children) { child.kill('SIGKILL'); await ended(child) }
    await rm(folder, { recursive: true, force: true })
  })
  return {
    folder, statePath, helper, bootIdPath, ended,
    start: (more = {}) => {
      const options: AgentProcessOptions = { broker, client: screen, statePath, helper, bootIdPath, speed: 5, ...more }
      const child = spawn(process.execPath, [join(import.meta.dirname, 'fleetAgentProcess.ts'), JSON.stringify(options)], { stdio: 'ignore', env: { PATH: process.env['PATH'] } })
      children.push(child)
      return child
    },
    kill: async (child) => { child.kill('SIGKILL'); await ended(child) },
    calls: async () => readFile(join(folder, 'calls'), 'utf8').then((text) => text.trim().split('\n'), () => []),
    state: async () => JSON.parse(await readFile(statePath, 'utf8')) as AgentState,
    reboot: async () => { boots += 1; await writeFile(bootIdPath, `b0070001-${boots}\n`) },
  }
}
