import { once } from 'node:events'
import { connect } from 'node:net'

export const prompt = 'OpenIPC # '

export interface ConsoleProbe {
  /** Everything since the last call that ended here. Fails with what was seen instead. */
  until(text: string | RegExp, limitMs?: number): Promise<string>
  type(text: string): void
  /** Types one command line and gives its output, without echo and prompt. */
  command(line: string, limitMs?: number): Promise<string>
  close(): void
}

/** A person at the terminal, as small as possible: what a peer does is looked at without the product's own driver. */
export async function openConsoleProbe(port: number): Promise<ConsoleProbe> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let seen = ''
  let told = (): void => undefined
  socket.setEncoding('latin1').on('data', (text: string) => { seen += text; told() })
  // A reset or a power cut of the far end shows itself as text that never comes.
  socket.on('error', () => { told() })

  const until = async (text: string | RegExp, limitMs = 20_000): Promise<string> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => { told = () => undefined; reject(new Error(`no ${String(text)} within ${limitMs} ms, but: ${JSON.stringify(seen.slice(-600))}`)) }, limitMs)
      told = () => {
        const at = typeof text === 'string' ? seen.indexOf(text) : seen.search(text)
        if (at < 0) return
        clearTimeout(late)
        told = () => undefined
        const length = typeof text === 'string' ? text.length : (text.exec(seen)?.[0].length ?? 0)
        const before = seen.slice(0, at + length)
        seen = seen.slice(at + length)
        resolve(before)
      }
      told()
    })

  return {
    until,
    type: (text) => { socket.write(text, 'latin1') },
    command: async (line, limitMs) => {
      socket.write(`${line}\n`, 'latin1')
      const output = await until(`\n${prompt}`, limitMs)
      return output.slice(output.indexOf('\n') + 1, -prompt.length).replaceAll('\r', '').trim()
    },
    close: () => { socket.destroy() },
  }
}

/** Stops autoboot, or finds the prompt that is already there. */
export async function reachPrompt(console: ConsoleProbe): Promise<void> {
  // A key that comes before the UART is set up is lost, and nothing tells when that is.
  const typing = setInterval(() => { console.type('\n') }, 100)
  try {
    await console.until(prompt)
  } finally {
    clearInterval(typing)
  }
  // Each key more gave a prompt more; this answer cannot be in the past, nor be the echo of what was typed.
  console.type('echo rea""dy\n')
  await console.until(/\nready\r?\n[^]*?OpenIPC # /)
}
