import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import type { RestorePlan } from '../../../../shared/restore/restore.schema.ts'
import { fetchIsHopeless, isAlive, parseFetched, parseProbe, parseVariable, type ProbedFlash } from '../../../protocols/uboot/answers.ts'
import { chipFamily } from '../../rack/identity.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import type { RestoreContext, WritingPlan } from './bench.ts'
import { checkFits, hexText } from './layout.ts'

/** `sf` answers nothing useful until a probe has succeeded, whatever was selected before. */
export async function probeFlash(session: UbootSession, signal: AbortSignal): Promise<ProbedFlash> {
  return askAgain(3, signal, async () => {
    const output = await session.run('sf probe 0', { limitMs: 10_000 }, signal)
    const flash = parseProbe(output)
    if (flash && flash.flashBytes > 0) return flash
    throw new WorkbenchError('link/garbled', '"sf probe" did not say which flash it found', {
      context: { output: output.slice(0, 300) }, hint: 'Without its size nothing can be written safely',
    })
  })
}

export interface Identity {
  readonly flash: ProbedFlash
}

/** The right camera, with a flash that holds the plan. Nothing is written before this has passed. `meet` is asked before the size is compared: another camera is told by all that it is. */
export async function identify(session: UbootSession, plan: Pick<RestorePlan, 'chip' | 'flashBytes' | 'partitions' | 'loadAddress'>, context: RestoreContext, signal: AbortSignal, probe = probeFlash, meet: (flash: ProbedFlash) => Promise<void> = async () => Promise.resolve()): Promise<Identity> {
  const flash = await probe(session, signal)
  const soc = await checkChip(session, plan.chip, signal)
  await meet(flash)
  checkFlashSize(plan.flashBytes, flash.flashBytes)
  for (const part of plan.partitions) checkFits({ name: part.name, endBytes: part.offsetBytes + part.lengthBytes }, flash.flashBytes)
  const base = await readVariable(session, 'baseaddr', signal)
  const ramBase = plan.loadAddress - 0x2000000
  const said = base === undefined ? Number.NaN : Number(base)
  if (Number.isFinite(said) && Math.floor(said / 0x10000000) !== Math.floor(ramBase / 0x10000000)) {
    throw new WorkbenchError('device/wrong-identity', `U-Boot says RAM is at ${base ?? ''}, the plan loads to ${hexText(plan.loadAddress)}`, {
      context: { baseaddr: base?.slice(0, 20) ?? '', loadAddress: plan.loadAddress }, hint: 'The chip name is wrong for this camera',
    })
  }
  if (soc === undefined) context.tell({ type: 'noted', level: 'info', message: 'U-Boot does not say which chip it runs on; only the flash size was compared' })
  return { flash }
}

/** `device/wrong-identity` where U-Boot names another series of chips than the plan; `undefined` where it names none. */
export async function checkChip(session: UbootSession, planned: string, signal: AbortSignal): Promise<string | undefined> {
  const soc = await readVariable(session, 'soc', signal)
  if (soc === undefined || soc === '' || chipFamily(soc) === chipFamily(planned)) return soc
  throw new WorkbenchError('device/wrong-identity', `This camera says it is a ${soc.slice(0, 40)}, the plan is for a ${planned}`, {
    context: { found: soc.slice(0, 40), planned }, hint: 'Choose the right camera, or correct its chip',
  })
}

/** `planned` is 0 while nobody has asked the chip. */
export function checkFlashSize(planned: number, found: number): void {
  if (planned <= 0 || planned === found) return
  throw new WorkbenchError('device/wrong-identity', `The flash has ${found / 1048576} MiB, the plan was made for ${planned / 1048576} MiB`, {
    context: { found, planned }, hint: 'Is this the camera you meant? Make the plan again',
  })
}

export async function readVariable(session: UbootSession, name: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return parseVariable(await askAgain(3, signal, async () => session.run(`printenv ${name}`, { limitMs: 5_000 }, signal)), name)
  } catch (error) {
    // `## Error: "soc" not defined` is an answer, too.
    if (error instanceof WorkbenchError && (error.code === 'device/refused' || error.code === 'device/unknown-command')) return undefined
    throw error
  }
}

/** Addresses and, where our server is not on 69, the port; each is read back, because a setenv that was garbled fails much later. */
export async function setNetwork(session: UbootSession, tftp: Pick<RestorePlan['tftp'], 'serverAddress' | 'cameraAddress' | 'port'>, signal: AbortSignal): Promise<void> {
  const wanted: (readonly [string, string])[] = [['ipaddr', tftp.cameraAddress], ['serverip', tftp.serverAddress]]
  if (tftp.port !== 69) wanted.push(['tftpdstp', String(tftp.port)])
  for (const [name, value] of wanted) {
    await askAgain(3, signal, async () => {
      await session.run(`setenv ${name} ${value}`, { limitMs: 5_000 }, signal)
      const now = await readVariable(session, name, signal)
      if (now !== value) throw new WorkbenchError('link/garbled', `U-Boot's ${name} is "${now?.slice(0, 40) ?? ''}" after it was set to ${value}`)
    })
  }
}

const pings = 5
const pingPauseMs = 3_000
const fetches = 3

export const fetchLimitMs = (lengthBytes: number): number => fetches * (90_000 + lengthBytes / 20) + pings * (20_000 + pingPauseMs)

/** The file in the camera's RAM, with the length it was staged with. Its contents are proved before each erase. */
export async function fetchLoad(session: UbootSession, plan: WritingPlan, file: { readonly name: string; readonly lengthBytes: number }, context: RestoreContext, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const output = await tftp(session, `${hexText(plan.loadAddress)} ${file.name}`, file.lengthBytes, signal)
      const got = parseFetched(output)
      if (got?.lengthBytes === file.lengthBytes) return
      throw new WorkbenchError('link/garbled', `The camera fetched ${got?.lengthBytes ?? 'an unknown number of'} bytes of ${file.name}, ${file.lengthBytes} were served`, { context: { output: output.slice(-300) } })
    } catch (error) {
      signal.throwIfAborted()
      const again = error instanceof WorkbenchError && (error.code === 'device/refused' || error.code === 'link/garbled' || error.code === 'link/timeout')
      if (!again) throw error
      // Bytes came, but not the right ones: that is no question of reach.
      if (attempt >= fetches && error.code === 'link/garbled') throw error
      if (attempt >= fetches) throw await explain(session, plan, error, context.clock, signal)
      context.tell({ type: 'noted', level: 'warning', message: `Fetching ${file.name}: ${error.message}; trying again` })
    }
  }
}

/** Vendor builds call it `tftp`. */
async function tftp(session: UbootSession, rest: string, lengthBytes: number, signal: AbortSignal): Promise<string> {
  const options = { limitMs: 60_000 + lengthBytes / 20, hopeless: fetchIsHopeless }
  try {
    return await session.run(`tftpboot ${rest}`, options, signal)
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'device/unknown-command') throw error
    return session.run(`tftp ${rest}`, options, signal)
  }
}

/** A failed fetch is either no network or no server; a ping tells which. */
async function explain(session: UbootSession, plan: WritingPlan, error: WorkbenchError, clock: Clock, signal: AbortSignal): Promise<WorkbenchError> {
  const { serverAddress, via, port } = plan.tftp
  let alive = false
  for (let attempt = 1; attempt <= pings && !alive; attempt += 1) {
    const output = await session.run(`ping ${serverAddress}`, { limitMs: 20_000 }, signal).catch(() => '')
    alive = isAlive(output)
    // The PHY needs time after a failed try.
    if (!alive && attempt < pings) await clock.sleep(pingPauseMs, signal)
  }
  const context = { ...error.context, serverAddress, alive }
  if (alive) {
    const hint = via === 'host' ? `A firewall may block UDP port ${port} on this computer` : 'Look at the pod: it answers pings and serves no file'
    return new WorkbenchError('device/no-network', `The camera reaches ${serverAddress} but gets no file from it: ${error.message}`, { context, hint, cause: error })
  }
  return new WorkbenchError('device/no-network', `The camera does not reach ${serverAddress}: ${error.message}`, {
    context, cause: error,
    hint: via === 'host' ? 'Check the Ethernet cable and that this computer has that address; or use --tftp-via pod' : 'Check the Ethernet cable between camera and pod',
  })
}
