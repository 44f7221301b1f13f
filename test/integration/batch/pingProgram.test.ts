import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pingHost } from '../../../src/main/drivers/network/pingProgram.ts'

const never = new AbortController().signal

/** A ping that writes down how it was called, says this and ends so. */
async function standIn(body: string): Promise<{ readonly program: string; called(): Promise<string> }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-ping-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const program = join(folder, 'ping')
  await writeFile(program, `#!/bin/sh\nprintf '%s\\n' "$*" >> ${join(folder, 'called')}\n${body}\n`)
  await chmod(program, 0o755)
  return { program, called: async () => readFile(join(folder, 'called'), 'utf8').catch(() => '') }
}

test('three echoes, by numbers alone; one that comes back is enough for the program, and for us', async () => {
  const { program, called } = await standIn('exit 0')
  await pingHost('192.0.2.7', never, { program, platform: 'linux' })
  expect(await called()).toBe('-n -c 3 -W 2 192.0.2.7\n')
})

test('nothing comes back: unreachable; no such program, and one that may not: this computer', async () => {
  const ping = async (body: string, platform = 'linux'): Promise<void> => pingHost('192.0.2.7', never, { program: (await standIn(body)).program, platform })
  await expect(ping('exit 1')).rejects.toMatchObject({ code: 'link/unreachable' })
  await expect(ping('echo "ping: socket: Operation not permitted" >&2; exit 2')).rejects.toMatchObject({ code: 'host/io', message: expect.stringContaining('not permitted') as string })
  await expect(pingHost('192.0.2.7', never, { program: '/nowhere/ping' })).rejects.toMatchObject({ code: 'host/io', message: 'There is no ping on this computer' })
  await expect(ping('echo "Reply from 192.0.2.1: Destination host unreachable."; exit 0', 'win32')).rejects.toMatchObject({ code: 'link/unreachable' })
  await ping('echo "Reply from 192.0.2.7: bytes=32 time<1ms TTL=64"; exit 0', 'win32')
})

test('what is no address never becomes an argument', async () => {
  const { program, called } = await standIn('exit 0')
  for (const host of ['-f', '', 'a b', '192.0.2.7;reboot', '--help', 'x'.repeat(300), '$(id)']) await expect(pingHost(host, never, { program })).rejects.toMatchObject({ code: 'input/malformed' })
  expect(await called()).toBe('')
})

test('a ping that hangs ends with its signal', async () => {
  const { program } = await standIn('exec sleep 60')
  await expect(pingHost('192.0.2.7', AbortSignal.timeout(300), { program })).rejects.toMatchObject({ name: 'TimeoutError' })
})
