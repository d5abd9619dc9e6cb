import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.parser.CanonicalModelClassFactory;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Sends one message a file to HOST PORT with HAPI's own MLLP client, waits for each acknowledgement, and prints
 * {"control_id": MSH-10, "code": MSA-1, "answers": MSA-2} a line.
 */
public final class Send {
  private static final long ANSWER_SECONDS = 20;

  public static void main(String[] arguments) throws Exception {
    HapiContext context = new DefaultHapiContext();
    context.setModelClassFactory(new CanonicalModelClassFactory("2.5"));
    context.setValidationContext(ValidationContextFactory.noValidation());
    Connection connection = context.newClient(arguments[0], Integer.parseInt(arguments[1]), false);
    connection.getInitiator().setTimeout(ANSWER_SECONDS, TimeUnit.SECONDS);
    for (int file = 2; file < arguments.length; file++) {
      String text = Files.readString(Path.of(arguments[file]), StandardCharsets.UTF_8);
      Message message = context.getPipeParser().parse(text.replaceAll("\r?\n", "\r"));
      Message answer = connection.getInitiator().sendAndReceive(message);
      String sent = Terser.get((Segment) message.get("MSH"), 10, 0, 1, 1);
      Segment msa = (Segment) answer.get("MSA");
      System.out.printf(
          "{\"control_id\":\"%s\",\"code\":\"%s\",\"answers\":\"%s\"}%n",
          sent, Terser.get(msa, 1, 0, 1, 1), Terser.get(msa, 2, 0, 1, 1));
    }
    connection.close();
    context.close();
  }
}
