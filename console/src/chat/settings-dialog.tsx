import { useQuery } from '@apollo/client/react';
import { Button, Checkbox, Group, Modal, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Problem } from '../frame/problem.tsx';
import { useReturnFocus } from '../frame/return-focus.ts';
import { useAction } from '../frame/use-action.ts';
import { useStrings } from '../strings/strings.tsx';
import { ToolsToChooseDocument, type ToolsToChooseQuery } from './chat.generated.ts';
import { type ChatSettings, type ServerTool, stillThere } from './settings.ts';

type Server = NonNullable<ToolsToChooseQuery['toolServers']>[number];
const EFFORTS = ['NONE', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'XHIGH'] as const;

/**
 * Chooses the tools that replies may call, what they keep to, and how the model is asked. Who takes part in the
 * conversation of another chooses the tools of their own messages alone.
 */
export function SettingsDialog({
  settings,
  isOwner,
  save,
  close,
}: {
  readonly settings: ChatSettings;
  readonly isOwner: boolean;
  /** Resolves when they are kept; rejects, and what is written stays. */
  save(settings: ChatSettings): Promise<void>;
  close(): void;
}) {
  const { chat, common } = useStrings();
  useReturnFocus();
  const { data, error } = useQuery(ToolsToChooseDocument);
  const [serverTools, setServerTools] = useState<readonly ServerTool[]>(settings.serverTools);
  const [toolServers, setToolServers] = useState<readonly string[]>(settings.toolServers);
  const [effort, setEffort] = useState(settings.parameters.reasoningEffort ?? null);
  const [problem, setProblem] = useState<unknown>();
  const saving = useAction(async (next: ChatSettings) => {
    setProblem(undefined);
    await save(next).then(close, setProblem);
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // What is gone could not be unticked, and nothing that names it is accepted.
    const tools = stillThere(serverTools, data?.serverTools);
    saving.run(isOwner ? shaped(event.currentTarget, tools) : { ...settings, serverTools: tools });
  };
  const shaped = (form: HTMLFormElement, tools: readonly ServerTool[]): ChatSettings => {
    const values = new FormData(form);
    const number = (name: string) => (values.get(name) === '' ? null : Number(values.get(name)));
    const parameters = {
      ...settings.parameters,
      temperature: number('temperature'),
      maxTokens: number('maxTokens'),
      reasoningEffort: effort,
    };
    const systemPrompt = String(values.get('systemPrompt')).trim() || null;
    const servers = stillThere(
      toolServers,
      data?.toolServers?.map(({ name }) => name),
    );
    return { serverTools: tools, toolServers: servers, systemPrompt, parameters };
  };
  return (
    <Modal opened onClose={close} title={chat.settings} closeButtonProps={{ 'aria-label': common.close }}>
      <form onSubmit={submit}>
        <Stack>
          <Problem error={error ?? problem} />
          <Checkbox.Group
            label={chat.tools}
            value={[...serverTools]}
            onChange={(chosen) => setServerTools(chosen as ServerTool[])}
          >
            <Stack gap="xs" mt={4}>
              {data?.serverTools?.map((tool) => (
                <Checkbox key={tool} value={tool} label={chat.serverTools[tool]} />
              ))}
            </Stack>
          </Checkbox.Group>
          {isOwner && (
            <>
              {data?.toolServers?.map((server) => (
                <Checkbox
                  key={server.name}
                  label={<ServerName server={server} />}
                  description={server.description ?? server.tools.map(({ name }) => name.split('__').at(-1)).join(', ')}
                  checked={toolServers.includes(server.name)}
                  onChange={(event) => {
                    const others = toolServers.filter((name) => name !== server.name);
                    setToolServers(event.currentTarget.checked ? [...others, server.name] : others);
                  }}
                />
              ))}
              <Textarea
                name="systemPrompt"
                label={chat.systemPrompt}
                defaultValue={settings.systemPrompt ?? ''}
                autosize
                minRows={2}
                maxRows={8}
              />
              <SimpleGrid cols={2}>
                <TextInput
                  name="temperature"
                  type="number"
                  min={0}
                  max={2}
                  step={0.1}
                  label={chat.temperature}
                  description={chat.temperatureHint}
                  placeholder={chat.byDefault}
                  defaultValue={settings.parameters.temperature ?? ''}
                />
                <TextInput
                  name="maxTokens"
                  type="number"
                  min={1}
                  max={1_000_000}
                  label={chat.maxTokens}
                  description={'\u00a0'}
                  placeholder={chat.byDefault}
                  defaultValue={settings.parameters.maxTokens ?? ''}
                />
              </SimpleGrid>
              <Select
                label={chat.effort}
                placeholder={chat.byDefault}
                clearable={effort !== null}
                value={effort}
                onChange={setEffort}
                data={EFFORTS.map((value) => ({ value, label: chat.efforts[value] }))}
              />
            </>
          )}
          <Group justify="flex-end">
            <Button type="submit" aria-busy={saving.isRunning} disabled={!data && !error}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function ServerName({ server: { name, state, tools } }: { server: Server }) {
  const { chat } = useStrings();
  const notes = [
    ...(state === 'DOWN' ? [chat.toolDown] : []),
    ...(tools.some(({ needsApproval }) => needsApproval) ? [chat.needsYes] : []),
  ];
  return (
    <>
      {name}
      {notes.length > 0 && (
        <Text span size="sm" c="dimmed">
          {' '}
          ({notes.join(', ')})
        </Text>
      )}
    </>
  );
}
