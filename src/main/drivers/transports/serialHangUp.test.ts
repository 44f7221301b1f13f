import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { createServer, connect } from 'node:net'
import { expect, test } from 'vitest'
import { guardAgainstHangUp } from './serialHangUp.ts'

type Read = (buffer: Buffer, offset: number, length: number) => Promise<{ bytesRead: number }>
const unguarded: Read = async () => { throw new Error('not guarded') }
const portOf = (fd: number, wake: (listener: (error: Error | null) => void) => void = () => undefined) =>
  ({ fd, isOpen: true, poller: { once: (_: string, listener: (error: Error | null) => void) => { wake(listener) } }, read: unguarded })

test('a read of zero bytes is the end of the line: a pulled adapter gives nothing else, for ever', async () => {
  const hungUp = await open('/dev/null')
  const port = portOf(hungUp.fd)
  guardAgainstHangUp(port)
  await expect(port.read(Buffer.alloc(8), 0, 8)).rejects.toMatchObject({ message: 'the far end hung up', canceled: false })
  await hungUp.close()
})

test('bytes pass', async () => {
  const zeros = await open('/dev/zero')
  const port = portOf(zeros.fd)
  guardAgainstHangUp(port)
  expect(await port.read(Buffer.alloc(8), 0, 8)).toMatchObject({ bytesRead: 8 })
  await zeros.close()
})

test('a port that is closed while nothing comes is never polled: that is a crash of the whole process', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1')
  await once(socket, 'connect')
  // The descriptor of a socket without data answers "try again", as an idle port does.
  const handle: unknown = Reflect.get(socket, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  let polled = 0
  const port = portOf(Number(fd), () => { polled += 1 })
  guardAgainstHangUp(port)
  const reading = port.read(Buffer.alloc(8), 0, 8).catch((error: unknown) => error)
  port.isOpen = false
  expect(await reading).toMatchObject({ canceled: true })
  expect(polled).toBe(0)
  socket.destroy()
  server.close()
})

test('what is no Unix port is left alone', () => {
  const windows = { isOpen: true }
  guardAgainstHangUp(windows)
  guardAgainstHangUp(undefined)
  expect(windows).toEqual({ isOpen: true })
})
