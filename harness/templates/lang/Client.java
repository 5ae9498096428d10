// A client for the harness: operations come in as JSON lines, outcomes go out (harness docs client-programs).
import static java.nio.charset.StandardCharsets.UTF_8;
import java.io.IOException;
import java.net.*;
import java.util.*;
import java.util.regex.*;

public class Client {
    /** What your system is asked, and how: over a new connection each time. Answers with status and body. */
    static String[] request(Socket node, int waitMs, String method, String key, String body) throws IOException {
        node.setSoTimeout(waitMs);
        String head = method + " /keys/" + key + " HTTP/1.0\r\nContent-Length: " + body.getBytes(UTF_8).length;
        node.getOutputStream().write((head + "\r\n\r\n" + body).getBytes(UTF_8));
        String[] answer = new String(node.getInputStream().readAllBytes(), UTF_8).split("\r\n\r\n", 2);
        String size = "Content-Length: " + answer[answer.length - 1].getBytes(UTF_8).length;
        if (answer[0].lines().noneMatch(size::equalsIgnoreCase)) throw new IOException("the answer was cut off");
        return new String[] {answer[0].split(" ")[1], answer[1]};
    }

    /** Carries out an operation: what became of it, and what else there is to say. */
    static String invoke(String ip, int waitMs, String f, String key, String value) {
        if (!Set.of("read", "write", "cas").contains(f)) return "\"fail\"";
        try (Socket node = new Socket()) {
            try {
                node.connect(new InetSocketAddress(ip, 8000), waitMs);
            } catch (IOException why) { // Nothing was sent: it had no effect, and never will.
                return "\"fail\",\"error\":\"connect: " + why.getClass().getName() + '"';
            }
            String[] told = switch (f) {
                case "read" -> request(node, waitMs, "GET", key, "");
                case "write" -> request(node, waitMs, "PUT", key, value);
                default -> request(node, waitMs, "POST", key, value.replaceAll("\\[(.*),(.*)]", "{\"old\":$1,\"new\":$2}"));
            };
            if (told[0].equals("200")) return f.equals("read") ? "\"ok\",\"value\":" + told[1] : "\"ok\"";
            return (told[0].equals("409") ? "\"fail\"" : "\"info\"") + ",\"error\":\"status " + told[0] + '"';
        } catch (IOException why) { // It was sent, and no answer came: nobody knows.
            return "\"info\",\"error\":\"" + why.getClass().getName() + '"';
        }
    }

    /** What a JSON line says of a field: enough for numbers, lists of them, and plain texts. */
    static String field(String name, String line) {
        Matcher found = Pattern.compile('"' + name + "\":(\\[.*?\\]|[^,}]*)").matcher(line);
        return found.find() ? found.group(1).replace("\"", "") : "";
    }

    public static void main(String[] arguments) {
        Scanner lines = new Scanner(System.in, UTF_8);
        String start = lines.nextLine();
        int waitMs = Integer.parseInt(field("deadline_ms", start)) / 2;
        System.out.println("{\"ready\":true}");
        while (lines.hasNextLine()) {
            String line = lines.nextLine();
            String f = field("f", line), key = field("key", line), value = field("value", line);
            String outcome = invoke(field("ip", start), waitMs, f, key, value);
            System.out.println("{\"id\":" + field("id", line) + ",\"type\":" + outcome + "}");
        }
    }
}
