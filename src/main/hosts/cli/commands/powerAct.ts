import { type PowerAction, powerManySchema, type PowerStep } from '../../../../shared/rack/powerAct.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type ParsedFlags, quoted, usage, wholeNumber } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import type { Teller } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'

/** `power on|off|cycle CAMERA…`: cameras of the remembered rack, by name or id. 4 when one was refused, 5 when one failed. */
export async function actOnCameras(action: PowerAction, names: readonly string[], given: ParsedFlags, deps: CliDeps, teller: Teller): Promise<ExitCode> {
  const filter = given.text('filter')
  if (names.length > 0 && filter !== undefined) throw usage('Name cameras or a filter, not both')
  if (names.length === 0 && filter === undefined) throw usage(`Which camera? "rackbench power ${action} NAME"`, 'By the name that the window shows; several may be named, or --filter names a saved filter')
  const force = given.text('force-name')
  if (force !== undefined && names.length !== 1) throw usage('--force-name is for one camera at a time', 'Name only the camera whose power is to go')
  const staggerMs = staggerOf(given.text('stagger') ?? '300ms')
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    const cameras = await workbench.powerCameras()
    const ids = filter === undefined ? names : (await workbench.rackFilters.cameras(filter)).map(({ cameraId }) => cameraId)
    const wanted = ids.map((name) => cameraOf(name, cameras))
    if (filter !== undefined) teller.say('chosen', { filter, cameras: wanted }, `The filter ${quoted(filter)} means ${plainText(wanted.map(({ name }) => name).join(', '), 400)}`)
    const request = powerManySchema.safeParse({ cameraIds: wanted.map(({ id }) => id), action, staggerMs, ...(given.text('confirm') === undefined ? {} : { confirm: given.text('confirm') }) })
    if (!request.success) throw usage(`These cameras cannot be switched together: ${request.error.issues[0]?.message ?? ''}`)
    const ends: PowerStep[] = []
    for await (const step of workbench.powerMany(request.data, deps.interrupt.signal, force)) {
      const name = wanted.find(({ id }) => id === step.cameraId)?.name ?? step.cameraId
      teller.say('camera', { ...step, name }, step.state === 'waiting' || step.state === 'acting' ? '' : `${plainText(name, 40)}: ${words[step.state]}${plainText(step.note, 400)}`)
      if (step.hint !== undefined) teller.say('hint', { cameraId: step.cameraId, hint: step.hint }, `  ${plainText(step.hint, 400)}${action === 'on' ? '' : ' (--force-name)'}`)
      if (step.state !== 'waiting' && step.state !== 'acting') ends.push(step)
    }
    const [refused, failed] = [ends.filter(({ state }) => state === 'refused').length, ends.filter(({ state }) => state === 'failed').length]
    return teller.done(failed > 0 ? exitCodes.refusedOrFailed : refused > 0 ? exitCodes.busyOrHost : exitCodes.success, { cameras: ends.length, refused, failed }, '')
  } finally {
    await workbench.close()
  }
}

const words: Readonly<Record<PowerStep['state'], string>> = { waiting: '', acting: '', done: '', unverified: '', refused: 'refused. ', failed: 'failed. ' }

function cameraOf(text: string, cameras: Awaited<ReturnType<CliWorkbench['powerCameras']>>): (typeof cameras)[number] {
  const found = cameras.filter(({ id, name }) => id === text || name === text)
  const [first] = found
  if (!first) throw new WorkbenchError('input/not-found', `There is no camera ${quoted(text)} in this rack`, { hint: cameras.length === 0 ? 'Add its pod first: "rackbench rack add", or in the window' : `There are ${cameras.slice(0, 12).map(({ name }) => name).join(', ')}` })
  if (found.length > 1) throw new WorkbenchError('input/conflict', `${found.length} cameras are called ${quoted(text)}`, { hint: `Name one by its id: ${found.map(({ id }) => id).join(', ')}` })
  return first
}

function staggerOf(text: string): number {
  const [, number, unit] = /^(\d{1,6})(ms|s)?$/.exec(text) ?? []
  if (number === undefined) throw usage(`--stagger ${quoted(text)} is no time`, 'For example 300ms or 2s, at most 60s')
  return wholeNumber('--stagger', unit === 's' ? `${number}000` : number, 0, 60_000)
}
