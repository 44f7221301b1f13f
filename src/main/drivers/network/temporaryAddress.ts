import { spawn } from 'node:child_process'
import type { z } from 'zod'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'
import { type AddressWish, mustBeAdded } from './addressPlan.ts'
import { ipLinksSchema, ipRoutesSchema } from './ipProgram.schema.ts'

/** One call of the system's own program; it answers at once or not at all. */
const callLimitMs = 10_000
const mostWordsBytes = 4 * 1024 * 1024
/** Longer than the work that needs it, by what ends the work. */
const spareSeconds = 15

export type RunIp = (words: readonly string[], signal: AbortSignal) => Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>

export interface TemporaryAddress {
  /** Already there before: it stays. */
  readonly wasThere: boolean
  /** Taken away and seen to be gone. `host/io` when it is not; the kernel forgets it all the same. */
  remove(): Promise<void>
}

/**
 * Gives an interface an address for a while, and reads it back. The kernel itself is told when it ends, so that nothing stays behind
 * should this process be killed. Linux and root; otherwise `input/not-supported` and `host/no-permission` say what to type by hand.
 */
export async function addTemporaryAddress(wish: AddressWish, limitMs: number, signal: AbortSignal, run: RunIp = runIp, platform: string = process.platform): Promise<TemporaryAddress> {
  const { nic, address, prefixBits } = wish
  if (platform !== 'linux') throw new WorkbenchError('input/not-supported', 'Only on Linux can this computer be given an address for a while', { hint: `Give ${shown(nic, 40)} the address ${shown(address, 40)} in the system's settings, and leave --netmask away` })
  // They become words of a command: no flag, and nothing that is no name.
  if (!/^[0-9A-Za-z_][0-9A-Za-z_.:@-]{0,14}$/.test(nic)) throw new WorkbenchError('input/malformed', `--nic "${shown(nic, 40)}" is no name of an interface`, { hint: 'rackbench network --list names them' })
  const links = await ask(ipLinksSchema, ['-j', 'addr', 'show'], run, signal)
  const routes = await ask(ipRoutesSchema, ['-j', '-4', 'route', 'show'], run, signal)
  if (!mustBeAdded(wish, links, routes)) return { wasThere: true, remove: async () => undefined }
  const where = [`${address}/${prefixBits}`, 'dev', nic]
  const seconds = String(Math.ceil(limitMs / 1000) + spareSeconds)
  const remove = async (): Promise<void> => {
    // Whoever stopped the work wants the address gone just then.
    const own = new AbortController().signal
    const { err } = await run(['addr', 'del', ...where], own)
    if (!await isThere(wish, run, own)) return
    throw new WorkbenchError('host/io', `${address} could not be taken away from ${nic}: ${shown(err) || 'no reason given'}`, { hint: `The system forgets it by itself within ${seconds} s; at once with: ip addr del ${where.join(' ')}` })
  }
  const { code, err } = await run(['addr', 'add', ...where, 'valid_lft', seconds, 'preferred_lft', seconds], signal)
  if (/not permitted|permission denied/i.test(err)) {
    throw new WorkbenchError('host/no-permission', `Only root may give ${nic} an address`, { hint: `Run it as root; or type "sudo ip addr add ${where.join(' ')}" and leave --netmask away` })
  }
  // Added, and asked for without the caller's signal: whoever stops now would leave it behind.
  if (await isThere(wish, run, new AbortController().signal)) return { wasThere: false, remove }
  throw new WorkbenchError('host/io', `${nic} did not get the address ${address}: ${shown(err) || `ip ended with ${code ?? 'a signal'}`}`, { context: { nic, address } })
}

const isThere = async ({ nic, address, prefixBits }: AddressWish, run: RunIp, signal: AbortSignal): Promise<boolean> =>
  (await ask(ipLinksSchema, ['-j', 'addr', 'show'], run, signal)).some(({ ifname, addr_info: found }) => ifname === nic && found.some(({ local, prefixlen }) => local === address && prefixlen === prefixBits))

async function ask<Schema extends z.ZodType>(schema: Schema, words: readonly string[], run: RunIp, signal: AbortSignal): Promise<z.infer<Schema>> {
  const { code, out, err } = await run(words, signal)
  const parsed = code === 0 ? schema.safeParse(jsonOf(out)) : undefined
  if (parsed?.success === true) return parsed.data
  throw new WorkbenchError('host/io', `"ip ${words.join(' ')}" did not say how the network stands: ${shown(err) || 'its answer is not understood'}`, { hint: 'iproute2 from 4.14 on is needed' })
}

function jsonOf(text: string): unknown {
  try {
    return text.trim() === '' ? [] : JSON.parse(text) as unknown
  } catch {
    return undefined // Then the schema refuses it, in words of its own.
  }
}

const runIp: RunIp = async (words, signal) => {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn('ip', [...words], { shell: false, stdio: ['ignore', 'pipe', 'pipe'], timeout: callLimitMs, killSignal: 'SIGKILL', env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' } })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out = (out + text).slice(0, mostWordsBytes) })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err = (err + text).slice(0, mostWordsBytes) })
    child.once('error', (cause) => {
      const isMissing = errnoOf(cause) === 'ENOENT'
      reject(new WorkbenchError('host/io', isMissing ? 'There is no program "ip" on this computer' : `"ip" cannot be started: ${reasonOf(cause)}`, { cause, ...(isMissing ? { hint: 'On Debian it is in the package iproute2' } : {}) }))
    })
    child.once('close', (code) => { resolve({ code, out, err }) })
  })
}
