import type { DeviceFs, DeviceFsAbilities, DevicePath, DeviceStat } from '../../../shared/devices/deviceFs.ts'
import { byCodePoint, isDevicePath } from '../../../shared/devices/devicePath.ts'
import { type ErrorCode, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoMeaning } from '../../protocols/rawrepl/parser.ts'
import { fromBase64, pythonText, toBase64 } from '../../protocols/rawrepl/writer.ts'
import { openRawRepl, type RawRepl, type RawReplOptions } from './rawRepl.ts'

/** Of file content, in one piece of code: what a small board can take beside everything else. */
const pieceBytes = 768
const mostNames = 5_000
const probe = '.ota_probe'

export interface RawReplFs extends DeviceFs {
  readonly platform: string
  readonly usesRawPaste: boolean
  /** `soft` runs boot.py and main.py again, `hard` is the board's own reset; neither waits for what comes up. */
  reset(mode: 'soft' | 'hard', signal: AbortSignal): Promise<void>
  /** Runs a file that lies on the board, as a module of its own; whatever it raises comes back as `device/refused`. Bounded by the limit of one piece of code. */
  runModule(path: DevicePath, signal: AbortSignal): Promise<void>
  /** Memory and clock, as far as this port tells them. */
  readResources(signal: AbortSignal): Promise<{ readonly freeBytes?: number; readonly cpuMhz?: number }>
  /** Leaves raw mode; the transport stays open. */
  leave(signal: AbortSignal): Promise<void>
}

/** The files of a MicroPython board, through nothing but its console. */
export async function openRawReplFs(options: RawReplOptions & { readonly root?: DevicePath | undefined }, signal: AbortSignal): Promise<RawReplFs> {
  const repl = await openRawRepl(options, signal)
  const facts = await repl.run('Ask the board what it is', "import sys\nsay(sys.platform,int(hasattr(os,'sync')))", signal)
  const [platform = '', syncs = '0'] = facts.kind === 'said' ? facts.lines[0]?.split(' ') ?? [] : []
  const root = options.root ?? ''
  const absolute = (path: DevicePath): string => {
    if (path !== '' && !isDevicePath(path)) throw new WorkbenchError('input/malformed', 'This is no path of a board', { context: { path: path.slice(0, 200) } })
    return pythonText(`/${[root, path].filter((each) => each !== '').join('/')}`)
  }
  const ask = async (what: string, body: string, until: AbortSignal): Promise<readonly string[]> => {
    const answer = await repl.run(what, body, until)
    if (answer.kind === 'said') return answer.lines
    throw boardError(what, answer.errno, platform)
  }
  const board: Board = { ask, absolute, nextName: nameMaker() }
  const replaces = await findOutReplaces(board, signal)
  const abilities: DeviceFsAbilities = { replaces, links: false, modes: false, syncs: syncs === '1' }
  return { ...fileCalls(board, abilities), ...contentCalls(board), ...powerCalls(board, repl), label: options.transport.label, abilities, platform, usesRawPaste: repl.usesRawPaste }
}

interface Board {
  readonly ask: (what: string, body: string, signal: AbortSignal) => Promise<readonly string[]>
  readonly absolute: (path: DevicePath) => string
  /** Of a variable on the board: two files may be open at once. */
  readonly nextName: () => string
}
const nameMaker = (): (() => string) => { let count = 0; return () => { count += 1; return `_rb${count % 1000}` } }

const words: Readonly<Record<ReturnType<typeof errnoMeaning>, { readonly code: ErrorCode; readonly says: string }>> = {
  'not-found': { code: 'device/not-found', says: 'there is no such file' },
  exists: { code: 'device/exists', says: 'it is there already' },
  'no-space': { code: 'device/no-space', says: 'its flash is full' },
  refused: { code: 'device/refused', says: 'the board refuses' },
}
function boardError(what: string, errno: number, platform: string): WorkbenchError {
  const { code, says } = words[errnoMeaning(errno, platform)]
  return new WorkbenchError(code, `${what}: ${says} (error ${errno})`, { context: { errno } })
}
const unclear = (what: string): WorkbenchError => new WorkbenchError('link/garbled', `${what}: the answer of the board cannot be read`)

/** No port tells whether its file system renames over a file: littlefs does, FAT does not. Two empty files in the root find out. */
async function findOutReplaces({ ask, absolute }: Board, signal: AbortSignal): Promise<boolean> {
  const [a, b] = [absolute(`${probe}_a`), absolute(`${probe}_b`)]
  const [answer] = await ask('Find out how the board renames', [
    `for p in (${a},${b}):open(p,'w').close()`, 'r=1', 'try:', ` os.rename(${a},${b})`, 'except OSError:', ' r=0',
    `for p in (${a},${b}):`, ' try:', '  os.remove(p)', ' except OSError:', '  pass', 'say(r)'].join('\n'), signal)
  return answer === '1'
}

function fileCalls({ ask, absolute }: Board, abilities: DeviceFsAbilities): Omit<DeviceFs, 'label' | 'abilities' | 'read' | 'write'> {
  const unable = async (what: string): Promise<never> => Promise.reject(new WorkbenchError('device/refused', `A MicroPython board has no ${what}`))
  return {
    stat: async (path, signal) => {
      const what = `Look at ${path || 'the root'}`
      try {
        const [line = ''] = await ask(what, `s=os.stat(${absolute(path)})\nsay(s[0],s[6])`, signal)
        const [mode, size] = line.split(' ').map(Number)
        if (mode === undefined || size === undefined || !Number.isSafeInteger(mode) || !Number.isSafeInteger(size) || size < 0) throw unclear(what)
        const isFolder = (mode & 0xf000) === 0x4000
        return { kind: isFolder ? 'folder' : 'file', size: isFolder ? 0 : size } satisfies DeviceStat
      } catch (error) {
        if (error instanceof WorkbenchError && error.code === 'device/not-found') return undefined
        throw error
      }
    },
    list: async (path, signal) => {
      const what = `List ${path || 'the root'}`
      const lines = await ask(what, `for e in os.ilistdir(${absolute(path)}):say(str(binascii.b2a_base64(e[0].encode()),'ascii').strip())`, signal)
      if (lines.length > mostNames) throw new WorkbenchError('device/too-much-output', `${what}: more than ${mostNames} names`)
      return lines.map((line) => {
        const name = fromBase64(line)
        if (!name) throw unclear(what)
        return new TextDecoder().decode(name)
      }).sort(byCodePoint)
    },
    rename: async (from, to, signal) => {
      // The board's own error for this differs from port to port, so it is asked for before.
      const guard = abilities.replaces ? '' : `try:\n os.stat(${absolute(to)})\n raise OSError(17)\nexcept OSError as e:\n if e.args[0]==17:raise\n`
      await ask(`Rename ${from} to ${to}`, `${guard}os.rename(${absolute(from)},${absolute(to)})`, signal)
    },
    remove: async (path, signal) => { await ask(`Remove ${path}`, `p=${absolute(path)}\n(os.rmdir if os.stat(p)[0]&0x4000 and not os.stat(p)[0]&0x8000 else os.remove)(p)`, signal) },
    mkdir: async (path, signal) => { await ask(`Make the folder ${path}`, `os.mkdir(${absolute(path)})`, signal) },
    readlink: async () => unable('links'),
    symlink: async () => unable('links'),
    chmod: async () => unable('permissions'),
    sync: async (_path, signal) => { if (abilities.syncs) await ask('Sync', 'os.sync()', signal) },
    free: async (signal) => {
      const [line = ''] = await ask('Ask for free space', `s=os.statvfs(${absolute('')})\nsay(s[0]*s[4])`, signal)
      return /^\d{1,15}$/.test(line) ? Number(line) : undefined
    },
  }
}

function contentCalls({ ask, absolute, nextName }: Board): Pick<DeviceFs, 'read' | 'write'> {
  // A signal of its own: a file is closed after a cancel, too. What runs on a board has its deadline below.
  const close = async (name: string): Promise<void> => { await ask('Close a file', `try:\n ${name}.close()\nexcept NameError:\n pass\n${name}=None`, new AbortController().signal).catch(() => undefined) }
  return {
    read: async function* (path, signal, offset = 0) {
      const name = nextName()
      const what = `Read ${path}`
      await ask(what, `${name}=open(${absolute(path)},'rb')\n${name}.seek(${offset})`, signal)
      try {
        for (;;) {
          const [line] = await ask(what, `say('='+str(binascii.b2a_base64(${name}.read(${pieceBytes})),'ascii').strip())`, signal)
          const piece = line?.startsWith('=') === true ? fromBase64(line.slice(1)) : undefined
          if (!piece) throw unclear(what)
          if (piece.length === 0) return
          yield piece
        }
      } finally {
        await close(name)
      }
    },
    write: async (path, content, signal, more = {}) => {
      const name = nextName()
      const what = `Write ${path}`
      await ask(what, `${name}=open(${absolute(path)},'${more.append === true ? 'ab' : 'wb'}')`, signal)
      try {
        for await (const whole of content) {
          for (let at = 0; at < whole.length; at += pieceBytes) {
            const piece = whole.subarray(at, at + pieceBytes)
            const [line] = await ask(what, `say(${name}.write(binascii.a2b_base64(b'${toBase64(piece)}')))`, signal)
            if (line !== String(piece.length)) throw new WorkbenchError('device/no-space', `${what}: the board took ${line ?? 'none'} of ${piece.length} bytes`)
          }
        }
        await ask(what, `${name}.flush()`, signal)
      } finally {
        await close(name)
      }
    },
  }
}

const mostRaisedLetters = 160

function powerCalls({ ask, absolute }: Board, repl: RawRepl): Pick<RawReplFs, 'reset' | 'leave' | 'runModule' | 'readResources'> {
  return {
    runModule: async (path, signal) => {
      const what = `Run ${path}`
      // Also what ends a program: `sys.exit()` in a hook must not end the session.
      const said = await ask(what, ['r="ok"', 'try:', ` f=open(${absolute(path)})`, ' c=f.read()', ' f.close()', ' exec(c,{"__name__":"post_update"})', 'except BaseException as e:',
        ` r="raised "+str(binascii.b2a_base64((type(e).__name__+": "+str(e))[:${mostRaisedLetters}].encode()),"ascii").strip()`, 'say(r)'].join('\n'), signal)
      const last = said.at(-1) ?? ''
      if (last === 'ok') return
      const raised = last.startsWith('raised ') ? fromBase64(last.slice(7)) : undefined
      if (!raised) throw unclear(what)
      throw new WorkbenchError('device/refused', `${what}: it raised ${new TextDecoder().decode(raised)}`)
    },
    readResources: async (signal) => {
      // Some ports tell several clocks; the first one is the processor's.
      const said = await ask('Ask the board for its memory and clock', ['import gc', 'gc.collect()', 'm=gc.mem_free() if hasattr(gc,"mem_free") else -1', 'f=-1', 'try:', ' import machine', ' f=machine.freq()', ' f=f[0] if isinstance(f,tuple) else f',
        'except (ImportError,AttributeError):pass', 'say(m,f)'].join('\n'), signal)
      const [memory = -1, hertz = -1] = (said.at(-1) ?? '').split(' ').map(Number)
      return { ...(memory >= 0 ? { freeBytes: memory } : {}), ...(hertz > 0 ? { cpuMhz: hertz / 1_000_000 } : {}) }
    },
    leave: async (signal) => repl.leave(signal),
    reset: async (mode, signal) => {
      // It answers no more; that nothing comes is what was asked for. A timer lets the answer out before.
      await ask('Reset the board', mode === 'hard'
        ? 'import machine\nmachine.Timer(-1).init(mode=machine.Timer.ONE_SHOT,period=200,callback=lambda t:machine.reset())'
        : 'pass', signal)
      await repl.leave(signal)
      if (mode === 'soft') await repl.softReset(signal)
    },
  }
}
