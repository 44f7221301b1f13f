import { expect, test } from 'vitest'
import type { MdnsRecord } from '../../protocols/mdns/parser.ts'
import { placesFrom } from './discovery.ts'

const service = (instance: string, host: string, port: number, address?: string): MdnsRecord[] => {
  const name = `${instance}._http._tcp.local`
  return [{ type: 'service', name: '_HTTP._tcp.local', instance: name }, { type: 'place', name, host, port }, ...(address === undefined ? [] : [{ type: 'address', name: host, address } as const])]
}

test('pods first, each by its address; a port of its own is told', () => {
  expect(placesFrom([...service('printer', 'printer.local', 80, '10.0.0.9'), ...service('rack-node-002', 'Rack-Node-002.local.', 8080, '10.0.0.5'), ...service('rack-node-001', 'rack-node-001.local', 9090)])).toEqual([
    { kind: 'pod', name: 'rack-node-001', host: 'rack-node-001.local', address: 'rack://rack-node-001.local?api=9090' },
    { kind: 'pod', name: 'rack-node-002', host: 'rack-node-002.local', address: 'rack://10.0.0.5' },
    { kind: 'other', name: 'printer', host: 'printer.local', address: 'rack://10.0.0.9?api=80' },
  ])
})

test('names cannot write into a terminal or turn the line around, and hosts cannot leave their address', () => {
  expect(placesFrom(service('rack-node\u001b[2J\u202Efdp\n', 'h.local', 80))[0]?.name).toBe('rack-node [2J fdp')
  expect(placesFrom(service('x'.repeat(900), 'h.local', 80))[0]?.name).toHaveLength(64)
  for (const host of ['', 'a b', 'h/../x', 'h?api=1', 'h:80', '-h', 'ü.local', `${'h'.repeat(300)}`]) expect(placesFrom(service('n', host, 80))).toEqual([])
  expect(placesFrom(service('n', 'h.local', 0))).toEqual([])
  // Nobody is sent to this computer's own services, or to everybody.
  for (const own of ['127.0.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1']) expect(placesFrom(service('n', 'h.local', 8080, own))[0]?.address).toBe('rack://h.local')
  expect(placesFrom(Array.from({ length: 500 }, (_, index) => service(`n${index}`, `h${index}.local`, 80)).flat())).toHaveLength(64)
  // Announced for another kind of service.
  expect(placesFrom([{ type: 'place', name: 'n._ssh._tcp.local', host: 'h.local', port: 22 }])).toEqual([])
})
