import process from 'node:process'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'

export interface MicroPythonBoard {
  readonly port: number
  /** Pieces of code that came by raw paste. */
  readonly pastes: () => number
  /** What is typed at its prompt, and what it prints. */
  readonly python: (code: string) => string
  /** From now on bytes are swallowed. */
  readonly goSilent: () => void
  readonly dropLine: () => void
  readonly close: () => Promise<void>
}

export interface BoardOptions {
  /**
   * This build of MicroPython reads a paste from the process's own input and would stop the process, so the answers of a paste come from here; the code runs in the real one.
   * `refused`: as a board that knows it and is built without. `works`: with its windows. `broken`: offered, then nothing comes.
   */
  readonly rawPaste: 'refused' | 'works' | 'broken'
}

/** What we use of the package. */
interface MicroPython {
  replInit(): void
  /** Not 0: it was told to end. */
  replProcessChar(byte: number): number
}
interface MicroPythonModule { loadMicroPython(options: { readonly heapsize: number; readonly linebuffer: boolean; readonly stdout: (bytes: Uint8Array) => void }): Promise<MicroPython> }

/** Loaded when a board is wanted and not before; it is half a megabyte (decision 0014). */
const packageName = '@micropython/micropython-webassembly-pyscript/micropython.mjs'

async function load(stdout: (bytes: Uint8Array) => void): Promise<MicroPython> {
  try {
    const { loadMicroPython } = await withoutArguments(async () => import(/* @vite-ignore */ packageName) as Promise<MicroPythonModule>)
    return await loadMicroPython({ heapsize: 512 * 1024, linebuffer: false, stdout })
  } catch (cause) {
    throw new WorkbenchError('input/not-supported', 'MicroPython cannot be loaded here, so there is no board to show', { cause })
  }
}

/**
 * The package takes itself for the program where the first word of the command line is part of its own path, as in `electron .`, and would
 * then read our terminal as its own and end the process at Ctrl-D.
 */
async function withoutArguments<T>(work: () => Promise<T>): Promise<T> {
  const given = process.argv.splice(1)
  try { return await work() } finally { process.argv.push(...given) }
}

const windowBytes = 32
const endOfText = String.fromCharCode(4)

/** A real MicroPython behind a TCP socket, as a console server has a board: bytes in, bytes out. */
export async function openMicroPythonBoard(options: BoardOptions): Promise<MicroPythonBoard> {
  let socket: Socket | undefined
  let capture: number[] | undefined
  let isSilent = false
  let printed: number[] = []
  const python = await load((bytes) => { if (capture) capture.push(...bytes); else printed.push(...bytes) })
  python.replInit()
  let pasted: number[] | undefined
  let sinceWindow = 0
  let pastes = 0
  const recent: number[] = []
  const say = (...bytes: number[]): void => { printed.push(...bytes) }
  const runPaste = (code: readonly number[]): void => {
    capture = []
    // Ctrl-D after nothing would be a soft reset in plain raw mode; in a paste it is an empty program.
    for (const byte of [...(code.length === 0 ? [0x30] : code), 4]) python.replProcessChar(byte)
    const answer = capture
    capture = undefined
    // Without the `OK` of plain raw mode, and after the end of the paste was confirmed.
    say(4, ...answer.slice(2))
  }
  const feed = (byte: number): void => {
    if (pasted) {
      if (options.rawPaste === 'broken') { if (byte === 3) { pasted = undefined; python.replProcessChar(3) } return }
      if (byte === 4) { const code = pasted; pasted = undefined; pastes += 1; runPaste(code); return }
      if (byte === 3) { pasted = undefined; python.replProcessChar(3); return }
      pasted.push(byte)
      sinceWindow += 1
      if (sinceWindow === windowBytes) { sinceWindow = 0; say(1) }
      return
    }
    recent.push(byte)
    if (recent.slice(-3).join() === '5,65,1') {
      // The two letters before are in its buffer already.
      capture = []
      python.replProcessChar(3)
      capture = undefined
      if (options.rawPaste === 'refused') { say(0x52, 0); return }
      say(0x52, 1, windowBytes, 0)
      pasted = []
      sinceWindow = 0
      return
    }
    recent.splice(0, recent.length - 3)
    // Told to end at its prompt: a board starts again, and its files stay.
    if (python.replProcessChar(byte) !== 0) python.replInit()
  }
  const server: Server = createServer((line) => {
    socket = line
    line.setNoDelay(true)
    line.on('error', () => undefined)
    line.on('data', (bytes) => {
      if (isSilent) return
      for (const byte of bytes) feed(byte)
      const out = Uint8Array.from(printed)
      printed = []
      line.write(out)
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    port: (server.address() as AddressInfo).port,
    pastes: () => pastes,
    python: (code) => {
      capture = []
      for (const byte of [13, 3, 2, ...new TextEncoder().encode('\x01'), ...new TextEncoder().encode(code), 4]) python.replProcessChar(byte)
      const text = Buffer.from(capture).toString('latin1')
      capture = undefined
      return text.slice(text.indexOf('>OK') + 3).split(endOfText)[0] ?? text
    },
    goSilent: () => { isSilent = true },
    dropLine: () => { socket?.destroy() },
    close: async () => { socket?.destroy(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) },
  }
}
